//! Several PDFs as one, page after page; or four labels to a sheet of A4 for who has no label printer.

use lopdf::{Dictionary, Document, Error, Object, ObjectId, Stream, dictionary};
use schemars::JsonSchema;
use serde::Deserialize;
use std::collections::BTreeSet;

/// What is printed on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Paper {
    /// Each page on its own, as the carrier made it; 4 by 6 inches where the account says so.
    #[default]
    Label,
    /// Four to a sheet of A4, made smaller where they would not fit.
    A4,
}

/// A4 in points.
const SHEET: (f32, f32) = (595.0, 842.0);
/// What is left free around each label on a sheet, in points: 5 mm, for few printers reach the edge of their paper.
const MARGIN: f32 = 14.2;
/// Attributes a page may have from its parents.
const INHERITED: [&[u8]; 4] = [b"MediaBox", b"CropBox", b"Resources", b"Rotate"];

/// One document of all pages, in order.
///
/// # Errors
/// When a label is not a PDF that can be read.
pub fn joined(labels: &[Vec<u8>], paper: Paper) -> Result<Vec<u8>, Error> {
    let mut all = Document::with_version("1.7");
    let root = all.new_object_id();
    let mut pages = Vec::new();
    for label in labels {
        let mut one = Document::load_mem(label)?;
        for page in one.get_pages().into_values().collect::<Vec<_>>() {
            let whole = with_inherited(&one, page)?;
            one.objects.insert(page, Object::Dictionary(whole));
        }
        one.renumber_objects_with(all.max_id + 1);
        pages.extend(one.get_pages().into_values());
        all.max_id = one.max_id;
        all.objects.append(&mut one.objects);
    }
    if paper == Paper::A4 {
        let mut sheets = Vec::new();
        for four in pages.chunks(4) {
            sheets.push(sheet(&mut all, four)?);
        }
        pages = sheets;
    }
    for page in &pages {
        all.get_object_mut(*page)?.as_dict_mut()?.set("Parent", root);
    }
    let kids: Vec<Object> = pages.iter().map(|page| Object::Reference(*page)).collect();
    let count = i64::try_from(kids.len()).unwrap_or(i64::MAX);
    let tree = dictionary! { "Type" => "Pages", "Kids" => kids, "Count" => count };
    all.objects.insert(root, Object::Dictionary(tree));
    let catalog = all.add_object(dictionary! { "Type" => "Catalog", "Pages" => root });
    all.trailer.set("Root", catalog);
    all.prune_objects();
    let mut bytes = Vec::new();
    all.save_to(&mut bytes)?;
    Ok(bytes)
}

/// A page with what it has from its parents written into it.
fn with_inherited(document: &Document, page: ObjectId) -> Result<Dictionary, Error> {
    let mut whole = document.get_dictionary(page)?.clone();
    for name in INHERITED {
        let (mut at, mut seen) = (page, BTreeSet::new());
        while !whole.has(name) && seen.insert(at) {
            let node = document.get_dictionary(at)?;
            if let Ok(value) = node.get(name) {
                whole.set(name, value.clone());
            }
            match node.get(b"Parent").and_then(Object::as_reference) {
                Ok(parent) => at = parent,
                Err(_) => break,
            }
        }
    }
    Ok(whole)
}

/// Up to four pages on one sheet, as forms.
fn sheet(all: &mut Document, pages: &[ObjectId]) -> Result<ObjectId, Error> {
    let (width, height) = (SHEET.0 / 2.0, SHEET.1 / 2.0);
    let (mut forms, mut drawn) = (Dictionary::new(), String::new());
    for (n, page) in pages.iter().enumerate() {
        let size = area(all, *page)?;
        let dict = all.get_dictionary(*page)?.clone();
        let form = dictionary! {
            "Type" => "XObject",
            "Subtype" => "Form",
            "BBox" => size.map(Object::Real).to_vec(),
            "Resources" => dict.get(b"Resources").cloned().unwrap_or(Object::Dictionary(Dictionary::new())),
        };
        let content = all.get_page_content(*page);
        let form = all.add_object(Stream::new(form, content));
        let name = format!("L{n}");
        forms.set(name.as_bytes().to_vec(), form);
        let [left, bottom, right, top] = size;
        let (wide, high) = (right - left, top - bottom);
        let free = 2.0 * MARGIN;
        let scale = ((width - free) / wide).min((height - free) / high).min(1.0);
        // In the middle of its quarter.
        let x = if n % 2 == 0 { 0.0 } else { width } + (width - wide * scale) / 2.0 - left * scale;
        let y = if n < 2 { height } else { 0.0 } + (height - high * scale) / 2.0 - bottom * scale;
        drawn.push_str(&format!("q {scale:.4} 0 0 {scale:.4} {x:.2} {y:.2} cm /{name} Do Q\n"));
    }
    let content = all.add_object(Stream::new(Dictionary::new(), drawn.into_bytes()));
    let [zero, wide, high] = [0.0, SHEET.0, SHEET.1].map(Object::Real);
    Ok(all.add_object(dictionary! {
        "Type" => "Page",
        "MediaBox" => vec![zero.clone(), zero, wide, high],
        "Resources" => dictionary! { "XObject" => forms },
        "Contents" => content,
    }))
}

/// The area of a page: left, bottom, right, top.
fn area(all: &Document, page: ObjectId) -> Result<[f32; 4], Error> {
    let dict = all.get_dictionary(page)?;
    let area = dict.get(b"CropBox").or_else(|_| dict.get(b"MediaBox"))?;
    let (_, area) = all.dereference(area)?;
    let sides: Vec<f32> = area.as_array()?.iter().map(Object::as_float).collect::<Result<_, _>>()?;
    match sides.as_slice() {
        [left, bottom, right, top] if right > left && top > bottom => Ok([*left, *bottom, *right, *top]),
        _ => Err(Error::DictKey("MediaBox".to_owned())),
    }
}
