//! The request bodies as tables, field for field those of the specification. Unlike the real API a field that is
//! not in it is refused: sending one is a fault on our side.

use super::Wrong;
use crate::royal_mail::schema::Kind::{Flag, Many, Number, Of, OneOf, Text, Whole};
use crate::royal_mail::schema::{Field, check};
use serde_json::Value;

const ANY: usize = usize::MAX;

/// `CreateShipmentRequest`.
pub const CREATE: &[Field] = &[
    ("ShipmentInformation", Of(INFORMATION), true),
    ("Shipper", Of(SHIPPER), true),
    ("Destination", Of(DESTINATION), true),
    ("CarrierSpecifics", Of(SPECIFICS), false),
    ("ReturnToSender", Of(&[("Address", Of(ADDRESS), false)]), false),
    ("Packages", Many(PACKAGE), true),
    ("Items", Many(ITEM), false),
    ("Customs", Of(CUSTOMS), false),
];

const INFORMATION: &[Field] = &[
    ("Action", OneOf(&["Process", "Create", "Allocate"]), false),
    ("LabelFormat", OneOf(&["PDF", "PNG", "DATASTREAM", "ZPL203DPI", "ZPL300DPI"]), false),
    ("ContentType", OneOf(&["NDX", "DOX", "HV"]), true),
    ("ServiceCode", Text(10), true),
    ("DescriptionOfGoods", Text(70), true),
    ("BusinessTransactionType", OneOf(&["B2C", "B2B", "D2C", "C2B"]), false),
    ("ShipmentDate", Text(10), false),
    ("DeclaredValue", Number, false),
    ("DeclaredWeight", Number, false),
    ("CurrencyCode", Text(3), false),
    ("WeightUnitOfMeasure", OneOf(&["KG", "Grams"]), false),
    ("DimensionsUnitOfMeasure", OneOf(&["CM", "MM"]), false),
];

const SHIPPER: &[Field] = &[
    ("ShippingAccountId", Text(36), true),
    ("ShippingLocationId", Text(36), false),
    ("Reference1", Text(30), false),
    ("Reference2", Text(30), false),
    ("DepartmentNumber", Text(10), false),
    ("EoriNumber", Text(17), false),
    ("VatNumber", Text(15), false),
    ("Address", Of(ADDRESS), false),
];

const DESTINATION: &[Field] =
    &[("Address", Of(ADDRESS), true), ("EoriNumber", Text(17), false), ("VatNumber", Text(15), false)];

/// The API takes 50 characters and more; Royal Mail 40, and 10 of a postcode.
const ADDRESS: &[Field] = &[
    ("ContactName", Text(40), false),
    ("CompanyName", Text(40), false),
    ("ContactEmail", Text(254), false),
    ("ContactPhone", Text(20), false),
    ("Line1", Text(40), true),
    ("Line2", Text(40), false),
    ("Line3", Text(40), false),
    ("Town", Text(40), true),
    ("Postcode", Text(10), false),
    ("County", Text(40), false),
    ("CountryCode", Text(2), true),
    ("What3Words", Text(ANY), false),
];

const BARCODE: &[Field] = &[
    ("PackageOccurrence", Whole(1, 99), false),
    ("TrackingNumber", Text(13), false),
    ("UniqueId", Text(21), true),
];

const SPECIFICS: &[Field] = &[
    ("ServiceLevel", Text(2), false),
    ("EbayVtn", Text(11), false),
    ("ServiceEnhancements", Many(ENHANCEMENT), false),
    ("OfflineBarcode", Of(BARCODE), false),
    ("OfflineBarcodes", Many(BARCODE), false),
    ("PreAllocatedTrackingNumber", Text(13), false),
];

const ENHANCEMENT: &[Field] = &[
    (
        "Code",
        OneOf(&[
            "CL1",
            "CL2",
            "CL3",
            "CL4",
            "CL5",
            "Signed",
            "SMS",
            "Email",
            "Safeplace",
            "LocalCollect",
            "CustomsEmail",
            "CustomsPhone",
        ]),
        true,
    ),
    ("SafeplaceLocation", Text(30), false),
];

const PACKAGE: &[Field] = &[
    ("PackageOccurrence", Whole(1, 99), false),
    ("PackageType", OneOf(&["Letter", "LargeLetter", "Parcel", "PrintedPapers"]), false),
    ("DeclaredWeight", Number, false),
    ("DeclaredValue", Number, false),
    ("Dimensions", Of(&[("Length", Number, true), ("Width", Number, true), ("Height", Number, true)]), false),
];

const ITEM: &[Field] = &[
    ("SkuCode", Text(30), false),
    ("PackageOccurrence", Whole(1, 99), false),
    ("Quantity", Whole(1, 2_147_483_647), true),
    ("Description", Text(255), false),
    ("Value", Number, false),
    ("Weight", Number, false),
    ("HSCode", Text(ANY), false),
    ("CountryOfOrigin", Text(2), false),
];

const CUSTOMS: &[Field] = &[
    ("ReasonForExport", Text(250), false),
    ("Incoterms", OneOf(&["DDU", "DDP", "DAP", "DAT"]), false),
    ("PreRegistrationNumber", Text(50), false),
    ("PreRegistrationType", Text(18), false),
    ("ShippingCharges", Number, false),
    ("OtherCharges", Number, false),
    ("QuotedLandedCost", Number, false),
    ("InvoiceNumber", Text(35), false),
    ("InvoiceDate", Text(10), false),
    ("ExportLicenceRequired", Flag, false),
    ("Airn", Text(20), false),
];

/// `UpdateStatusRequest`, without its keys: a list of texts.
pub const STATUS: &[Field] =
    &[("Status", OneOf(&["Hold", "Cancel", "Release", "Picked"]), true), ("Reason", Text(ANY), false)];

/// Everything wrong with a body, in the API's own shape.
pub fn wrongs(fields: &[Field], body: &Value) -> Vec<Wrong> {
    let one = |wrong: crate::royal_mail::schema::Wrong| Wrong {
        code: if wrong.message == "is required" { "E1001" } else { "E1002" },
        message: format!("The field {}.", wrong.message),
        cause: wrong.field,
    };
    check(fields, body).into_iter().map(one).collect()
}
