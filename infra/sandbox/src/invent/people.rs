//! Invented people and where they live.

use rand::Rng;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use serde_json::{Value, json};

/// Someone who does not exist.
#[derive(Debug, Clone)]
pub struct Person {
    /// Given name.
    pub first: String,
    /// Family name.
    pub last: String,
    /// Mail, ends in `.invalid`.
    pub email: String,
    /// From Ofcom's drama ranges.
    pub phone: String,
    /// Shopify's address object, without an id.
    pub address: Value,
}

const FIRST: &[&str] = &[
    "Amara", "Ben", "Carys", "Dilip", "Eleri", "Fraser", "Grace", "Hamza", "Imogen", "Jude", "Kirsty",
    "Leon", "Maeve", "Nadia", "Owen", "Priya", "Rhys", "Saoirse", "Tom", "Uma", "Victor", "Wren", "Yusuf",
    "Zara",
];
const LAST: &[&str] = &[
    "Abara", "Bell", "Campbell", "Davies", "Evans", "Fletcher", "Gill", "Hughes", "Iqbal", "Jones", "Kaur",
    "Lloyd", "Murray", "Nolan", "Okafor", "Patel", "Quinn", "Reid", "Shah", "Taylor", "Usman", "Ward",
];
const NON_ASCII: &[(&str, &str, &str)] = &[
    ("Zoë", "Ångström", "zoe.angstrom"),
    ("Łukasz", "Żółkiewski", "lukasz.z"),
    ("Séamus", "Ó Briain", "seamus.obriain"),
    ("明", "李", "ming.li"),
    ("Siân", "Llŷr", "sian.llyr"),
    ("François", "D’Été", "francois.dete"),
    ("Jürgen", "Groß", "juergen.gross"),
    ("Şule", "Çağlar", "sule.caglar"),
    ("Олена", "Шевченко", "olena.s"),
];
const STREETS: &[&str] = &[
    "Example Road",
    "Invention Street",
    "Sample Lane",
    "Nowhere Close",
    "Fable Terrace",
    "Story Hill",
    "Pretend Avenue",
    "Model Crescent",
    "Fiction Way",
    "Notional Gardens",
];
const COMPANIES: &[&str] = &["Placeholder & Sons", "Imaginary Works Ltd", "Nonesuch Studio"];
/// Area and district, town, county, nation code, latitude, longitude.
const PLACES: &[(&str, &str, &str, &str, f64, f64)] = &[
    ("BS", "Bristol", "", "ENG", 51.45, -2.59),
    ("M", "Manchester", "", "ENG", 53.48, -2.24),
    ("LS", "Leeds", "West Yorkshire", "ENG", 53.80, -1.55),
    ("B", "Birmingham", "", "ENG", 52.48, -1.90),
    ("SW1", "London", "", "ENG", 51.49, -0.14),
    ("E", "London", "", "ENG", 51.53, -0.04),
    ("NE", "Newcastle upon Tyne", "", "ENG", 54.97, -1.61),
    ("PL", "Plymouth", "Devon", "ENG", 50.37, -4.14),
    ("NR", "Norwich", "Norfolk", "ENG", 52.63, 1.30),
    ("OX", "Oxford", "Oxfordshire", "ENG", 51.75, -1.26),
    ("CB", "Cambridge", "", "ENG", 52.20, 0.12),
    ("EH", "Edinburgh", "", "SCT", 55.95, -3.19),
    ("G", "Glasgow", "", "SCT", 55.86, -4.25),
    ("IV", "Inverness", "Highland", "SCT", 57.48, -4.22),
    ("CF", "Cardiff", "", "WLS", 51.48, -3.18),
    ("SA", "Swansea", "", "WLS", 51.62, -3.94),
    ("BT", "Belfast", "", "NIR", 54.60, -5.93),
    ("BT", "Lisburn", "County Antrim", "NIR", 54.51, -6.04),
];

fn one<'a, T>(rng: &mut StdRng, all: &'a [T]) -> Option<&'a T> {
    all.choose(rng)
}

fn word(rng: &mut StdRng, all: &[&str]) -> String {
    one(rng, all).copied().unwrap_or_default().to_owned()
}

fn postcode(rng: &mut StdRng, area: &str) -> String {
    let letters: Vec<char> = "ABDEFGHJLNPQRSTUWXYZ".chars().collect();
    let mut letter = || one(rng, &letters).copied().unwrap_or('A');
    let (a, b) = (letter(), letter());
    if let Some(area) = area.strip_suffix('1') {
        return format!("{area}1A {}{a}{b}", rng.random_range(1..=9));
    }
    format!("{area}{} {}{a}{b}", rng.random_range(1..=19), rng.random_range(1..=9))
}

/// Someone in the United Kingdom; `non_ascii` picks a name that Latin-1 or ASCII cannot hold.
pub fn person(rng: &mut StdRng, non_ascii: bool) -> Person {
    let digits = rng.random_range(0..1_000);
    let (first, last, handle) = match one(rng, NON_ASCII) {
        Some((first, last, handle)) if non_ascii => {
            ((*first).to_owned(), (*last).to_owned(), (*handle).to_owned())
        }
        _ => {
            let (first, last) = (word(rng, FIRST), word(rng, LAST));
            let handle = format!("{}.{}", first.to_lowercase(), last.to_lowercase());
            (first, last, handle)
        }
    };
    let email = format!("{handle}{}@buyers.invalid", rng.random_range(1..10_000));
    let landline = rng.random_ratio(1, 5);
    let phone = if landline { format!("+441632960{digits:03}") } else { format!("+447700900{digits:03}") };
    let fallback = ("BS", "Bristol", "", "ENG", 51.45, -2.59);
    let (area, town, county, nation, north, east) = *one(rng, PLACES).unwrap_or(&fallback);
    let zip = postcode(rng, area);
    let flat = rng.random_ratio(1, 4).then(|| format!("Flat {}", rng.random_range(1..40)));
    let company = rng.random_ratio(1, 12).then(|| word(rng, COMPANIES));
    let mut street = word(rng, STREETS);
    if non_ascii {
        street = format!("Tŷ Ffuglen, {street}");
    }
    let address = json!({
        "first_name": first,
        "last_name": last,
        "name": format!("{first} {last}"),
        "company": company,
        "address1": format!("{} {street}", rng.random_range(1..200)),
        "address2": flat,
        "city": town,
        "province": if county.is_empty() { nation_name(nation) } else { county },
        "province_code": nation,
        "zip": zip,
        "country": "United Kingdom",
        "country_code": "GB",
        "phone": phone,
        "latitude": jitter(rng, north),
        "longitude": jitter(rng, east),
    });
    Person { first, last, email, phone, address }
}

fn nation_name(code: &str) -> &'static str {
    match code {
        "SCT" => "Scotland",
        "WLS" => "Wales",
        "NIR" => "Northern Ireland",
        _ => "England",
    }
}

fn jitter(rng: &mut StdRng, degrees: f64) -> f64 {
    let parts = f64::from(rng.random_range(-500_i32..500)) / 10_000.0;
    ((degrees + parts) * 10_000.0).round() / 10_000.0
}
