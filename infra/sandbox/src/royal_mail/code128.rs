//! Code 128, set B: any printable ASCII text as bars.

/// Widths of bar, space, bar, space, bar, space of each symbol, in modules.
const SYMBOLS: [&[u8; 6]; 106] = [
    b"212222", b"222122", b"222221", b"121223", b"121322", b"131222", b"122213", b"122312", b"132212",
    b"221213", b"221312", b"231212", b"112232", b"122132", b"122231", b"113222", b"123122", b"123221",
    b"223211", b"221132", b"221231", b"213212", b"223112", b"312131", b"311222", b"321122", b"321221",
    b"312212", b"322112", b"322211", b"212123", b"212321", b"232121", b"111323", b"131123", b"131321",
    b"112313", b"132113", b"132311", b"211313", b"231113", b"231311", b"112133", b"112331", b"132131",
    b"113123", b"113321", b"133121", b"313121", b"211331", b"231131", b"213113", b"213311", b"213131",
    b"311123", b"311321", b"331121", b"312113", b"312311", b"332111", b"314111", b"221411", b"431111",
    b"111224", b"111422", b"121124", b"121421", b"141122", b"141221", b"112214", b"112412", b"122114",
    b"122411", b"142112", b"142211", b"241211", b"221114", b"413111", b"241112", b"134111", b"111242",
    b"121142", b"121241", b"114212", b"124112", b"124211", b"411212", b"421112", b"421211", b"212141",
    b"214121", b"412121", b"111143", b"111341", b"131141", b"114113", b"114311", b"411113", b"411311",
    b"113141", b"114131", b"311141", b"411131", b"211412", b"211214", b"211232",
];
const START_B: usize = 104;
const STOP: &[u8; 7] = b"2331112";

/// Widths in modules, starting with a bar and alternating; letters outside printable ASCII are left out.
pub fn widths(text: &str) -> Vec<u32> {
    let values: Vec<usize> =
        text.bytes().filter(|byte| (32..127).contains(byte)).map(|byte| usize::from(byte) - 32).collect();
    let sum = values.iter().enumerate().fold(START_B, |sum, (at, value)| sum + (at + 1) * value);
    let symbols = [START_B].into_iter().chain(values).chain([sum % 103]);
    let digits = symbols.flat_map(|value| SYMBOLS[value].iter()).chain(STOP.iter());
    digits.map(|digit| u32::from(digit - b'0')).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_symbol_is_eleven_modules_and_unlike_every_other() {
        for (index, symbol) in SYMBOLS.iter().enumerate() {
            assert_eq!(symbol.iter().map(|digit| u32::from(digit - b'0')).sum::<u32>(), 11, "symbol {index}");
            assert!(!SYMBOLS[..index].contains(symbol), "symbol {index}");
        }
        assert_eq!(widths("TT000000009GB").iter().sum::<u32>(), 11 * 15 + 13);
    }
}
