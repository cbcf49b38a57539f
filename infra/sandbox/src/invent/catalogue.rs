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
    /// Of which other articles, and how many of each, a merchant with warehouses puts it together; empty for what
    /// lies on a shelf itself. A shop that sells it neither knows nor cares.
    pub parts: &'static [(&'static str, u32)],
}

impl Product {
    const fn ships(sku: &'static str, name: &'static str, grams: u32, pence: u32) -> Self {
        Self { sku, name, grams, pence, ships: true, scarce: false, parts: &[] }
    }

    const fn of(self, parts: &'static [(&'static str, u32)]) -> Self {
        Self { parts, ..self }
    }

    const fn scarce(self) -> Self {
        Self { scarce: true, ..self }
    }

    const fn digital(self) -> Self {
        Self { ships: false, ..self }
    }
}

const CATALOGUE: [Product; 24] = [
    Product::ships("TEE-RED-S", "T-shirt, red, S", 160, 1_800),
    Product::ships("TEE-RED-M", "T-shirt, red, M", 180, 1_800),
    Product::ships("TEE-RED-L", "T-shirt, red, L", 200, 1_800),
    Product::ships("TEE-BLU-S", "T-shirt, blue, S", 160, 1_800),
    Product::ships("TEE-BLU-M", "T-shirt, blue, M", 180, 1_800),
    Product::ships("TEE-BLU-L", "T-shirt, blue, L", 200, 1_800),
    Product::ships("HOOD-GRY-M", "Hooded top, grey, M", 520, 4_200),
    Product::ships("HOOD-GRY-L", "Hooded top, grey, L", 560, 4_200),
    Product::ships("SOCK-WOOL-2", "Wool socks, two pairs", 140, 1_450).of(&[("SOCK-WOOL", 2)]),
    Product::ships("SCARF-GRN", "Lambswool scarf, green", 210, 3_200),
    Product::ships("MUG-ENAMEL", "Enamel mug", 240, 1_250),
    Product::ships("MUG-STONE", "Stoneware mug", 410, 1_600),
    Product::ships("TEA-EARL-100", "Earl Grey tea, 100 g", 130, 895),
    Product::ships("TEA-MINT-60", "Mint tea, 60 g", 90, 795),
    Product::ships("COFFEE-DRK-1K", "Dark roast coffee, 1 kg", 1_030, 2_150),
    Product::ships("CANDLE-FIG", "Fig candle", 380, 2_400),
    Product::ships("SOAP-OAT-3", "Oat soap, three bars", 330, 1_100),
    Product::ships("NOTE-A5-DOT", "Dotted notebook, A5", 260, 1_250),
    Product::ships("BOX-TEA", "Tea box: Earl Grey, mint tea, two enamel mugs", 700, 4_100).of(&[
        ("TEA-EARL-100", 1),
        ("TEA-MINT-60", 1),
        ("MUG-ENAMEL", 2),
    ]),
    Product::ships("SOCK-WOOL", "Wool socks, one pair", 70, 795),
    Product::ships("BLANKET-WOOL", "Wool blanket", 1_900, 9_500),
    Product::ships("LAMP-BRASS", "Brass lamp", 2_600, 14_800).scarce(),
    Product::ships("GIFT-CARD-25", "Gift card", 0, 2_500).digital(),
    Product::ships("PATTERN-PDF", "Knitting pattern", 0, 600).digital(),
];

/// The list that shops sell and stock is seeded from.
pub fn catalogue() -> &'static [Product] {
    &CATALOGUE
}
