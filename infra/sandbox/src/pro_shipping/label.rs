//! The label in the formats that are asked for: PDF and ZPL of 4 by 6 inches.

use super::Shipment;
use crate::royal_mail::label::barcode;
use crate::royal_mail::pdf::{Page, file};
use crate::zpl;

/// The label; `None` for a format that is not played.
pub fn document(shipment: &Shipment, format: &str) -> Option<Vec<u8>> {
    let lines = lines(shipment);
    match format {
        "PDF" => Some(pdf(&lines, shipment.number())),
        "ZPL203DPI" => Some(zpl::label(&lines, shipment.number(), 203).into_bytes()),
        "ZPL300DPI" => Some(zpl::label(&lines, shipment.number(), 300).into_bytes()),
        _ => None,
    }
}

fn pdf(lines: &[String], number: &str) -> Vec<u8> {
    let mut page = Page::new(288.0, 432.0);
    page.frame(8.0, 8.0, 272.0, 416.0);
    barcode(&mut page, number);
    for (index, line) in lines.iter().enumerate() {
        // Carrier and service stand above the barcode.
        let (y, size) = match index {
            0 => (404.0, 9.0),
            1 => (372.0, 22.0),
            2 => (224.0, 15.0),
            _ => (224.0 - 17.0 * (index - 2) as f64, 12.0),
        };
        page.fitted(16.0, y, size, index == 1 || index == 2, line, 256.0);
    }
    file(&[page])
}

/// What it says, from the service down to the numbers.
fn lines(shipment: &Shipment) -> Vec<String> {
    let to = &shipment.request["Destination"]["Address"];
    let mut lines = vec!["Royal Mail (sandbox, not postage)".to_owned(), shipment.service.clone()];
    let names = [
        "ContactName",
        "CompanyName",
        "Line1",
        "Line2",
        "Line3",
        "Town",
        "County",
        "Postcode",
        "CountryCode",
    ];
    let texts = names.iter().filter_map(|name| to[*name].as_str()).map(str::trim);
    lines.extend(texts.filter(|text| !text.is_empty()).map(str::to_owned));
    lines.push(format!("Ref {}", shipment.reference.as_deref().unwrap_or("none")));
    lines.push(format!("No. {}", shipment.number()));
    lines.push(format!("Shipment {}", shipment.id));
    lines
}
