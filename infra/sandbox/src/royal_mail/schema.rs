//! The request bodies of Click & Drop, August 2026, as tables, and a strict check against them. Unlike the real
//! API it refuses fields that do not exist: sending one is a fault on our side.

use serde_json::Value;

/// What a field may hold.
#[derive(Debug, Clone, Copy)]
pub enum Kind {
    /// Text of at most this many characters.
    Text(usize),
    /// One of these texts.
    OneOf(&'static [&'static str]),
    /// Whole number between these.
    Whole(i64, i64),
    /// 0 to this, two decimals.
    Money(f64),
    /// Any number.
    Number,
    /// True or false.
    Flag,
    /// Date and time with offset.
    Time,
    /// An object of this table.
    Of(&'static [Field]),
    /// A list of objects of this table.
    Many(&'static [Field]),
}

/// Name, content, and whether it must be there (and not null).
pub type Field = (&'static str, Kind, bool);

/// What is wrong with a body: where, the rule, and the value that broke it.
#[derive(Debug, Clone, PartialEq)]
pub struct Wrong {
    /// E.g. `packages[0].weightInGrams`.
    pub field: String,
    /// The rule, without the value.
    pub message: String,
    /// The value as text.
    pub value: String,
}

use Kind::{Flag, Many, Money, Number, Of, OneOf, Text, Time, Whole};

const ANY: usize = usize::MAX;
const MOST: f64 = 999_999.0;

/// `CreateOrdersRequest`.
pub const CREATE: &[Field] = &[("items", Many(ORDER), true)];

/// `CreateOrderRequest`.
pub const ORDER: &[Field] = &[
    ("orderReference", Text(40), false),
    ("isRecipientABusiness", Flag, false),
    ("recipient", Of(RECIPIENT), true),
    ("sender", Of(SENDER), false),
    ("billing", Of(BILLING), false),
    ("packages", Many(PACKAGE), false),
    ("orderDate", Time, true),
    ("plannedDespatchDate", Time, false),
    ("specialInstructions", Text(500), false),
    ("subtotal", Money(MOST), true),
    ("shippingCostCharged", Money(MOST), true),
    ("otherCosts", Money(MOST), false),
    ("customsDutyCosts", Money(99_999.99), false),
    ("total", Money(MOST), true),
    ("currencyCode", Text(3), false),
    ("deliveryTerm", OneOf(&["DDP", "IOSS_DDP", "DDU_DAP", "IOSS_DDU", "DTP", "IOSS_DTP"]), false),
    ("postageDetails", Of(POSTAGE), false),
    ("tags", Many(TAG), false),
    ("label", Of(LABEL), false),
    ("orderTax", Money(MOST), false),
    ("containsDangerousGoods", Flag, false),
    ("dangerousGoodsUnCode", Text(4), false),
    ("dangerousGoodsDescription", Number, false),
    ("dangerousGoodsQuantity", Number, false),
    ("importer", Of(IMPORTER), false),
];

const RECIPIENT: &[Field] = &[
    ("address", Of(ADDRESS), false),
    ("phoneNumber", Text(25), false),
    ("emailAddress", Text(254), false),
    ("addressBookReference", Text(100), false),
];

const SENDER: &[Field] = &[
    ("tradingName", Text(250), false),
    ("phoneNumber", Text(25), false),
    ("emailAddress", Text(254), false),
];

const BILLING: &[Field] =
    &[("address", Of(ADDRESS), false), ("phoneNumber", Text(25), false), ("emailAddress", Text(254), false)];

const ADDRESS: &[Field] = &[
    ("fullName", Text(210), false),
    ("companyName", Text(100), false),
    ("addressLine1", Text(100), true),
    ("addressLine2", Text(100), false),
    ("addressLine3", Text(100), false),
    ("city", Text(100), true),
    ("county", Text(100), false),
    ("postcode", Text(20), false),
    ("countryCode", Text(3), true),
];

const PACKAGE: &[Field] = &[
    ("weightInGrams", Whole(1, 30_000), true),
    (
        "packageFormatIdentifier",
        OneOf(&[
            "undefined",
            "letter",
            "largeLetter",
            "smallParcel",
            "mediumParcel",
            "largeParcel",
            "parcel",
            "documents",
        ]),
        true,
    ),
    ("customPackageFormatIdentifier", Text(ANY), false),
    ("dimensions", Of(DIMENSIONS), false),
    ("contents", Many(PRODUCT), false),
];

const DIMENSIONS: &[Field] = &[
    ("heightInMms", Whole(0, i64::MAX), true),
    ("widthInMms", Whole(0, i64::MAX), true),
    ("depthInMms", Whole(0, i64::MAX), true),
];

const PRODUCT: &[Field] = &[
    ("name", Text(800), false),
    ("SKU", Text(100), false),
    ("ReferenceId", Text(50), false),
    ("ContentsPieceURL", Text(250), false),
    ("quantity", Whole(1, 999_999), true),
    ("unitValue", Money(MOST), false),
    ("unitWeightInGrams", Whole(0, 999_999), false),
    ("customsDescription", Text(50), false),
    ("extendedCustomsDescription", Text(300), false),
    ("customsCode", Text(10), false),
    ("originCountryCode", Text(3), false),
    (
        "customsDeclarationCategory",
        OneOf(&[
            "none",
            "gift",
            "commercialSample",
            "documents",
            "other",
            "returnedGoods",
            "commercialSaleOfGoods",
            "eCommerceSaleOfGoods",
        ]),
        false,
    ),
    ("requiresExportLicence", Flag, false),
    ("stockLocation", Text(50), false),
    ("useOriginPreference", Flag, false),
    ("supplementaryUnits", Text(17), false),
    ("licenseNumber", Text(41), false),
    ("certificateNumber", Text(41), false),
];

const POSTAGE: &[Field] = &[
    ("sendNotificationsTo", OneOf(&["sender", "recipient", "billing"]), false),
    ("serviceCode", Text(10), false),
    ("carrierName", Text(50), false),
    ("serviceRegisterCode", Text(2), false),
    ("consequentialLoss", Whole(0, 10_000), false),
    ("receiveEmailNotification", Flag, false),
    ("receiveSmsNotification", Flag, false),
    ("guaranteedSaturdayDelivery", Flag, false),
    ("requestSignatureUponDelivery", Flag, false),
    ("isLocalCollect", Flag, false),
    ("safePlace", Text(90), false),
    ("department", Text(150), false),
    ("AIRNumber", Text(50), false),
    ("IOSSNumber", Text(50), false),
    ("requiresExportLicense", Flag, false),
    ("commercialInvoiceNumber", Text(35), false),
    ("commercialInvoiceDate", Time, false),
    ("recipientEoriNumber", Text(ANY), false),
];

const TAG: &[Field] = &[("key", Text(100), false), ("value", Text(100), false)];

const LABEL: &[Field] = &[
    ("includeLabelInResponse", Flag, true),
    ("includeCN", Flag, false),
    ("includeReturnsLabel", Flag, false),
];

const IMPORTER: &[Field] = &[
    ("companyName", Text(100), false),
    ("addressLine1", Text(100), false),
    ("addressLine2", Text(100), false),
    ("addressLine3", Text(100), false),
    ("city", Text(100), false),
    ("postcode", Text(20), false),
    ("country", Text(100), false),
    ("businessName", Text(100), false),
    ("contactName", Text(100), false),
    ("phoneNumber", Text(25), false),
    ("emailAddress", Text(254), false),
    ("vatNumber", Text(15), false),
    ("taxCode", Text(25), false),
    ("eoriNumber", Text(18), false),
    ("isABusiness", Flag, false),
];

/// `UpdateOrdersStatusRequest`.
pub const SET_STATUS: &[Field] = &[(
    "items",
    Many(&[
        ("orderIdentifier", Whole(1, i64::MAX), false),
        ("orderReference", Text(ANY), false),
        ("status", OneOf(&["new", "despatchedByOtherCourier", "despatched"]), true),
        ("trackingNumber", Text(ANY), false),
        ("despatchDate", Time, false),
        ("shippingCarrier", Text(ANY), false),
        ("shippingService", Text(ANY), false),
    ]),
    true,
)];

/// `CreateReturnRequest` of the returns specification, which requires nothing; what a label cannot do without is required
/// here.
pub const RETURN: &[Field] = &[
    ("service", Of(&[("serviceCode", Text(10), true), ("serviceRegisterCode", Text(2), false)]), true),
    (
        "shipment",
        Of(&[
            ("shippingAddress", Of(RETURN_ADDRESS), true),
            ("returnAddress", Of(RETURN_ADDRESS), true),
            ("customerReference", Of(&[("reference", Text(40), false)]), false),
        ]),
        true,
    ),
];

const RETURN_ADDRESS: &[Field] = &[
    ("title", Text(ANY), false),
    ("firstName", Text(ANY), false),
    ("lastName", Text(ANY), false),
    ("companyName", Text(100), false),
    ("addressLine1", Text(100), true),
    ("addressLine2", Text(100), false),
    ("addressLine3", Text(100), false),
    ("city", Text(100), true),
    ("county", Text(100), false),
    ("postcode", Text(20), true),
    ("country", Text(100), false),
    ("countryIsoCode", Text(3), false),
];

/// `ManifestEligibleOrdersRequest`.
pub const MANIFEST: &[Field] = &[("carrierName", Text(ANY), false)];

/// Everything wrong with `value`, in the order of the table; empty when it is right.
pub fn check(fields: &[Field], value: &Value) -> Vec<Wrong> {
    let mut found = Vec::new();
    object(fields, value, "", &mut found);
    found
}

fn wrong(found: &mut Vec<Wrong>, field: &str, message: impl Into<String>, value: &Value) {
    let value = match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Array(_) | Value::Object(_) => String::new(),
        other => other.to_string(),
    };
    found.push(Wrong { field: field.to_owned(), message: message.into(), value });
}

fn object(fields: &[Field], value: &Value, path: &str, found: &mut Vec<Wrong>) {
    let Some(given) = value.as_object() else {
        return wrong(found, path, "must be an object", value);
    };
    let below = |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
    for name in given.keys().filter(|name| !fields.iter().any(|(known, ..)| known == name)) {
        wrong(found, &below(name), "is not a field of this API", &Value::Null);
    }
    for (name, kind, required) in fields {
        match given.get(*name) {
            Some(inner) if !inner.is_null() => one(*kind, inner, &below(name), found),
            _ if *required => wrong(found, &below(name), "is required", &Value::Null),
            _ => {}
        }
    }
}

fn one(kind: Kind, value: &Value, path: &str, found: &mut Vec<Wrong>) {
    let rule = match kind {
        Text(most) => match value.as_str() {
            Some(text) if text.chars().count() > most => format!("must have at most {most} characters"),
            Some(_) => return,
            None => "must be text".to_owned(),
        },
        OneOf(known) => match value.as_str() {
            Some(text) if known.contains(&text) => return,
            _ => format!("must be one of {}", known.join(", ")),
        },
        Whole(least, most) => match value.as_i64() {
            Some(number) if (least..=most).contains(&number) => return,
            _ => format!("must be a whole number from {least} to {most}"),
        },
        Money(most) => match value.as_f64() {
            Some(amount) if (0.0..=most).contains(&amount) && two_decimals(amount) => return,
            _ => format!("must be a number from 0 to {most} with at most two decimals"),
        },
        Number if value.is_number() => return,
        Number => "must be a number".to_owned(),
        Flag if value.is_boolean() => return,
        Flag => "must be true or false".to_owned(),
        Time => match value.as_str().and_then(crate::clock::read) {
            Some(_) => return,
            None => "must be a date and time with offset".to_owned(),
        },
        Of(fields) => return object(fields, value, path, found),
        Many(fields) => match value.as_array() {
            Some(items) => {
                for (index, item) in items.iter().enumerate() {
                    object(fields, item, &format!("{path}[{index}]"), found);
                }
                return;
            }
            None => "must be a list".to_owned(),
        },
    };
    wrong(found, path, rule, value);
}

fn two_decimals(amount: f64) -> bool {
    let pence = amount * 100.0;
    (pence - pence.round()).abs() < 1e-6
}
