//! What the invented shop sells.

/// One article.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Product {
    /// Stock-keeping unit.
    pub sku: &'static str,
    /// Name.
    pub name: &'static str,
    /// Weight of one.
    pub grams: u32,
    /// Price of one, in pence, tax included.
    pub pence: u32,
    /// False for what is never shipped.
    pub ships: bool,
    /// True for what there is little of.
    pub scarce: bool,
}

const fn goods(sku: &'static str, name: &'static str, grams: u32, pence: u32) -> Product {
    Product { sku, name, grams, pence, ships: true, scarce: false }
}

const CATALOGUE: [Product; 24] = [
    goods("TEE-RED-S", "T-shirt, red, S", 160, 1_800),
    goods("TEE-RED-M", "T-shirt, red, M", 180, 1_800),
    goods("TEE-RED-L", "T-shirt, red, L", 200, 1_800),
    goods("TEE-BLU-S", "T-shirt, blue, S", 160, 1_800),
    goods("TEE-BLU-M", "T-shirt, blue, M", 180, 1_800),
    goods("TEE-BLU-L", "T-shirt, blue, L", 200, 1_800),
    goods("HOOD-GRY-M", "Hooded top, grey, M", 520, 4_200),
    goods("HOOD-GRY-L", "Hooded top, grey, L", 560, 4_200),
    goods("SOCK-WOOL-2", "Wool socks, two pairs", 140, 1_450),
    goods("SCARF-GRN", "Lambswool scarf, green", 210, 3_200),
    goods("MUG-ENAMEL", "Enamel mug", 240, 1_250),
    goods("MUG-STONE", "Stoneware mug", 410, 1_600),
    goods("TEA-EARL-100", "Earl Grey tea, 100 g", 130, 895),
    goods("TEA-MINT-60", "Mint tea, 60 g", 90, 795),
    goods("COFFEE-DRK-1K", "Dark roast coffee, 1 kg", 1_030, 2_150),
    goods("CANDLE-FIG", "Fig candle", 380, 2_400),
    goods("SOAP-OAT-3", "Oat soap, three bars", 330, 1_100),
    goods("NOTE-A5-DOT", "Dotted notebook, A5", 260, 1_250),
    goods("PRINT-HARB-A3", "Harbour print, A3", 190, 3_500),
    goods("BAG-CANVAS", "Canvas bag", 230, 1_900),
    goods("BLANKET-WOOL", "Wool blanket", 1_900, 9_500),
    Product { sku: "LAMP-BRASS", name: "Brass lamp", grams: 2_600, pence: 14_800, ships: true, scarce: true },
    Product { sku: "GIFT-CARD-25", name: "Gift card", grams: 0, pence: 2_500, ships: false, scarce: false },
    Product {
        sku: "PATTERN-PDF",
        name: "Knitting pattern",
        grams: 0,
        pence: 600,
        ships: false,
        scarce: false,
    },
];

/// The list that shops sell and stock is seeded from.
pub fn catalogue() -> &'static [Product] {
    &CATALOGUE
}
