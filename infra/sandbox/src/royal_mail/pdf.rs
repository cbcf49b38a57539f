//! Just enough PDF to draw labels: text in Helvetica, filled boxes and lines.

use std::fmt::Write;

/// A page being drawn. Units are points (1/72 inch) from the lower left corner.
#[derive(Debug, Clone)]
pub struct Page {
    width: f64,
    height: f64,
    content: String,
}

impl Page {
    /// An empty page.
    pub fn new(width: f64, height: f64) -> Self {
        Self { width, height, content: String::new() }
    }

    /// Text with its left end at `x` and its baseline at `y`.
    pub fn text(&mut self, x: f64, y: f64, size: f64, bold: bool, text: &str) {
        let font = if bold { "F2" } else { "F1" };
        let _ = write!(self.content, "BT /{font} {size:.1} Tf {x:.1} {y:.1} Td (");
        for byte in win_ansi(text) {
            match byte {
                b'(' | b')' | b'\\' => {
                    let _ = write!(self.content, "\\{}", char::from(byte));
                }
                0x20..=0x7e => self.content.push(char::from(byte)),
                other => {
                    let _ = write!(self.content, "\\{other:03o}");
                }
            }
        }
        self.content.push_str(") Tj ET\n");
    }

    /// Text made smaller if it would be wider than `width`. The width is estimated.
    pub fn fitted(&mut self, x: f64, y: f64, size: f64, bold: bool, text: &str, width: f64) {
        let letter = if bold { 0.58 } else { 0.53 };
        let letters = f64::from(u32::try_from(text.chars().count()).unwrap_or(u32::MAX)).max(1.0);
        self.text(x, y, size.min(width / (letters * letter)).max(4.0), bold, text);
    }

    /// A filled black box.
    pub fn fill(&mut self, x: f64, y: f64, width: f64, height: f64) {
        let _ = writeln!(self.content, "{x:.2} {y:.2} {width:.2} {height:.2} re f");
    }

    /// The outline of a box.
    pub fn frame(&mut self, x: f64, y: f64, width: f64, height: f64) {
        let _ = writeln!(self.content, "1 w {x:.2} {y:.2} {width:.2} {height:.2} re S");
    }

    /// A level line.
    pub fn rule(&mut self, x: f64, y: f64, width: f64) {
        let _ = writeln!(self.content, "1 w {x:.2} {y:.2} m {:.2} {y:.2} l S", x + width);
    }
}

/// The pages as one PDF 1.4 file.
pub fn file(pages: &[Page]) -> Vec<u8> {
    let kids: Vec<String> = (0..pages.len()).map(|index| format!("{} 0 R", 5 + 2 * index)).collect();
    let font = |name: &str| {
        format!("<< /Type /Font /Subtype /Type1 /BaseFont /{name} /Encoding /WinAnsiEncoding >>")
    };
    let mut objects = vec![
        "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
        format!("<< /Type /Pages /Kids [{}] /Count {} >>", kids.join(" "), pages.len()),
        font("Helvetica"),
        font("Helvetica-Bold"),
    ];
    for (index, page) in pages.iter().enumerate() {
        objects.push(format!(
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {} {}] /Contents {} 0 R \
             /Resources << /Font << /F1 3 0 R /F2 4 0 R >> >> >>",
            page.width,
            page.height,
            6 + 2 * index
        ));
        objects.push(format!("<< /Length {} >>\nstream\n{}endstream", page.content.len(), page.content));
    }
    let mut out = String::from("%PDF-1.4\n");
    let mut places = Vec::new();
    for (index, object) in objects.iter().enumerate() {
        places.push(out.len());
        let _ = write!(out, "{} 0 obj\n{object}\nendobj\n", index + 1);
    }
    let start = out.len();
    let _ = write!(out, "xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1);
    for place in places {
        let _ = writeln!(out, "{place:010} 00000 n ");
    }
    let _ =
        write!(out, "trailer\n<< /Size {} /Root 1 0 R >>\nstartxref\n{start}\n%%EOF\n", objects.len() + 1);
    out.into_bytes()
}

/// Windows-1252 bytes. Letters outside it lose their accent; what has no Latin letter becomes `?`.
pub fn win_ansi(text: &str) -> Vec<u8> {
    let mut out = Vec::new();
    for letter in text.chars() {
        match u32::from(letter) {
            code @ (0x20..=0x7e | 0xa0..=0xff) => out.push(u8::try_from(code).unwrap_or(b'?')),
            0x20ac => out.push(0x80),
            0x160 => out.push(0x8a),
            0x161 => out.push(0x9a),
            0x17d => out.push(0x8e),
            0x17e => out.push(0x9e),
            0x152 => out.push(0x8c),
            0x153 => out.push(0x9c),
            0x178 => out.push(0x9f),
            0x2018 => out.push(0x91),
            0x2019 | 0x2bc => out.push(0x92),
            0x201c => out.push(0x93),
            0x201d => out.push(0x94),
            0x2013 => out.push(0x96),
            0x2014 => out.push(0x97),
            code @ 0x100..=0x17f => {
                out.push(usize::try_from(code - 0x100).map_or(b'?', |index| EXTENDED_A[index]));
            }
            0x218 | 0x1e62 => out.push(b'S'),
            0x219 | 0x1e63 => out.push(b's'),
            0x21a => out.push(b'T'),
            0x21b => out.push(b't'),
            0x300..=0x36f => {}
            0x9 | 0xa | 0xd => out.push(b' '),
            _ => out.push(b'?'),
        }
    }
    out
}

/// Latin Extended-A (U+0100 to U+017F) without accents.
const EXTENDED_A: &[u8; 128] = b"AaAaAaCcCcCcCcDdDdEeEeEeEeEeGgGgGgGgHhHhIiIiIiIiIiIiJjKkkLlLlLlL\
lLlNnNnNnnNnOoOoOoOoRrRrRrSsSsSsSsTtTtTtUuUuUuUuUuUuWwYyYZzZzZzs";
