//! Labels of 4 by 6 inches in Zebra's printer language.

/// A label: lines of text, the second of them larger, and a barcode. `dpi` is the printer's dots per inch.
pub fn label(lines: &[String], number: &str, dpi: usize) -> String {
    // Laid out for 203 dots per inch.
    let dots = |at_203: usize| (at_203 * dpi).div_ceil(203);
    let (width, height, bar) = (dots(812), dots(1218), dots(3));
    let mut label = format!("^XA\r\n^CI28\r\n^PW{width}\r\n^LL{height}\r\n^LH0,0\r\n");
    for (index, line) in lines.iter().enumerate() {
        // Room under the larger line, for letters that wear something above them.
        let below = if index > 1 { 16 } else { 0 };
        let (x, y, size) = (dots(40), dots(40 + 56 * index + below), if index == 1 { 50 } else { 36 });
        let (tall, wide) = (dots(size), dots(size.min(letter(line))));
        label += &format!("^FO{x},{y}^A0N,{tall},{wide}^FH_^FD{}^FS\r\n", escaped(line));
    }
    let (x, y, tall) = (dots(80), dots(860), dots(220));
    label + &format!("^FO{x},{y}^BY{bar}^BCN,{tall},Y,N,N^FD{number}^FS\r\n^XZ\r\n")
}

/// How wide a letter may be, in dots at 203 to the inch, for a line not to run over the edge: font 0 is 0.56 of that on
/// average.
fn letter(line: &str) -> usize {
    const WIDTH: usize = 812 - 40 - 20;
    WIDTH * 100 / (56 * line.chars().count().max(1))
}

/// `^`, `~` and the escape itself as hexadecimal, so that no name is a command.
fn escaped(text: &str) -> String {
    let one = |c: char| match c {
        '^' | '~' | '_' => format!("_{:02X}", u32::from(c)),
        c if c.is_control() => String::new(),
        c => c.to_string(),
    };
    text.chars().map(one).collect()
}
