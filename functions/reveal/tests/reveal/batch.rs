//! Up to a hundred labels as one document: the pages in the order asked, a record and a decrypt for each.

use crate::stage::{ORDER, PERSONAL, Stage, label_of, sub};
use lopdf::{Dictionary, Document, Object, Stream, dictionary};
use waybill_domain::ShipmentId;
use waybill_domain::access::Role;
use waybill_domain::shipment::LabelFormat;
use waybill_reveal::{LABELS_HOURLY, MOST_LABELS, Paper, joined};
use waybill_store::audit::Action;

/// A PDF whose pages, one for each word, say it; size and resources are on the page tree, as some writers put them.
fn pdf(words: &[&str]) -> Vec<u8> {
    let mut document = Document::with_version("1.5");
    let root = document.new_object_id();
    let font =
        document.add_object(dictionary! { "Type" => "Font", "Subtype" => "Type1", "BaseFont" => "Courier" });
    let mut kids: Vec<Object> = Vec::new();
    for word in words {
        let text = format!("BT /F1 12 Tf 20 400 Td ({word}) Tj ET");
        let content = document.add_object(Stream::new(Dictionary::new(), text.into_bytes()));
        let page = dictionary! { "Type" => "Page", "Parent" => root, "Contents" => content };
        kids.push(document.add_object(page).into());
    }
    let tree = dictionary! {
        "Type" => "Pages",
        "Count" => words.len() as i64,
        "Kids" => kids,
        "MediaBox" => vec![0.into(), 0.into(), 288.into(), 432.into()],
        "Resources" => dictionary! { "Font" => dictionary! { "F1" => font } },
    };
    document.objects.insert(root, tree.into());
    let catalog = document.add_object(dictionary! { "Type" => "Catalog", "Pages" => root });
    document.trailer.set("Root", catalog);
    let mut bytes = Vec::new();
    document.save_to(&mut bytes).unwrap();
    bytes
}

/// The text of each page, and its size.
fn read(bytes: &[u8]) -> Vec<(String, Vec<f32>)> {
    let document = Document::load_mem(bytes).unwrap();
    let page = |(n, id): (u32, lopdf::ObjectId)| {
        let area = document.get_dictionary(id).unwrap().get(b"MediaBox").unwrap().as_array().unwrap();
        let text = document.extract_text(&[n]).unwrap_or_default();
        (text.trim().to_owned(), area.iter().map(|side| side.as_float().unwrap()).collect())
    };
    document.get_pages().into_iter().map(page).collect()
}

fn shipment(n: usize) -> ShipmentId {
    ShipmentId::of(&ORDER.parse().unwrap(), n)
}

fn labels_of(numbers: &[usize]) -> String {
    let ids: Vec<String> = numbers.iter().map(|n| shipment(*n).to_string()).collect();
    format!("/v1/labels?purpose=label&shipments={}", ids.join(","))
}

#[tokio::test]
async fn labels_come_as_one_document_in_the_order_asked() {
    let stage = Stage::set().await;
    for (n, words) in [(2, vec!["two"]), (3, vec!["three", "customs"]), (4, vec!["four"])] {
        stage.add_label(n, &pdf(&words), LabelFormat::Pdf).await;
    }
    let answer = stage.as_role(Role::Packer, &labels_of(&[4, 2, 3])).await;
    assert_eq!(
        (answer.status, answer.headers["content-type"].as_bytes()),
        (200, b"application/pdf".as_slice())
    );
    let pages = read(&answer.body);
    let said: Vec<&str> = pages.iter().map(|(text, _)| text.as_str()).collect();
    assert_eq!(said, ["four", "two", "three", "customs"]);
    assert!(pages.iter().all(|(_, area)| *area == [0.0, 0.0, 288.0, 432.0]));
    let records = stage.records().await;
    assert_eq!((records.len(), stage.kms.decrypts()), (3, 3));
    assert!(records.iter().all(|one| one.event.action == Action::Label && !one.event.fields.is_empty()));
    let sheets = stage.as_role(Role::Packer, &format!("{}&paper=a4", labels_of(&[4, 2, 3]))).await;
    let pages = read(&sheets.body);
    assert_eq!(pages.iter().map(|(_, area)| area.clone()).collect::<Vec<_>>(), [[0.0, 0.0, 595.0, 842.0]]);
    let drawn = Document::load_mem(&sheets.body).unwrap();
    let forms = drawn.objects.values().filter(|object| {
        object
            .as_stream()
            .is_ok_and(|s| s.dict.get(b"Subtype").is_ok_and(|t| t.as_name().is_ok_and(|n| n == b"Form")))
    });
    assert_eq!(forms.count(), 4);
    within_what_printers_reach(&drawn);
}

/// Every label of 4 by 6 inches stands in its quarter, in order, 5 mm or more from its edges.
fn within_what_printers_reach(sheet: &Document) {
    let page = sheet.get_pages()[&1];
    let content = String::from_utf8(sheet.get_page_content(page)).unwrap();
    let places: Vec<Vec<f32>> = content
        .lines()
        .filter(|line| line.contains(" cm "))
        .map(|line| line.split(' ').filter_map(|word| word.parse().ok()).collect())
        .collect();
    assert_eq!(places.len(), 4);
    for (n, place) in places.iter().enumerate() {
        let [scale, _, _, same, x, y] = place[..] else { panic!("{place:?}") };
        assert!(scale == same && scale > 0.85, "{scale}");
        let (left, bottom) = ([0.0, 297.5][n % 2], [421.0, 421.0, 0.0, 0.0][n]);
        assert!(x - left >= 14.0 && left + 297.5 - (x + 288.0 * scale) >= 14.0, "{n}: {place:?}");
        assert!(y - bottom >= 14.0 && bottom + 421.0 - (y + 432.0 * scale) >= 14.0, "{n}: {place:?}");
    }
}

#[tokio::test]
async fn a_printer_s_language_is_kept_byte_for_byte() {
    let stage = Stage::set().await;
    let zpl = |n: usize| format!("^XA\r\n^FO20,20^FDn {n} \u{1b}\u{0}^FS^XZ\n").into_bytes();
    for n in [2, 3] {
        stage.add_label(n, &zpl(n), LabelFormat::Zpl).await;
    }
    let one = stage.as_role(Role::Packer, &label_of(shipment(2).as_str(), "label")).await;
    assert_eq!((one.headers["content-type"].to_str().unwrap(), one.body), ("application/zpl", zpl(2)));
    let both = stage.as_role(Role::Packer, &labels_of(&[3, 2])).await;
    assert_eq!(
        (both.headers["content-type"].to_str().unwrap(), both.body),
        ("application/zpl", [zpl(3), zpl(2)].concat())
    );
    stage.add_label(4, &pdf(&["four"]), LabelFormat::Pdf).await;
    let before = stage.kms.decrypts();
    let mixed = stage.as_role(Role::Packer, &labels_of(&[2, 4])).await;
    assert_eq!(mixed.problem(), (409, "mixed_labels".into()));
    assert_eq!(stage.kms.decrypts(), before);
}

#[tokio::test]
async fn a_batch_is_all_or_nothing_and_has_its_limits() {
    let stage = Stage::set().await;
    stage.add_label(2, &pdf(&["two"]), LabelFormat::Pdf).await;
    let get = |address: String| {
        let stage = &stage;
        async move { stage.as_role(Role::Packer, &address).await.problem() }
    };
    let bad = (400, "bad_batch".to_owned());
    assert_eq!(get(labels_of(&[2, 2])).await, bad);
    assert_eq!(get("/v1/labels?purpose=label".into()).await, bad);
    assert_eq!(get("/v1/labels?purpose=label&shipments=".into()).await, bad);
    assert_eq!(get(format!("{}&paper=a3", labels_of(&[2]))).await, bad);
    assert_eq!(get(labels_of(&(2..=MOST_LABELS + 2).collect::<Vec<_>>())).await, bad);
    assert_eq!(get(labels_of(&[2, 9])).await, (404, "not_found".into()));
    assert_eq!(
        get(labels_of(&[2]).replace("purpose=label", "purpose=x")).await,
        (400, "purpose_required".into())
    );
    let elsewhere = stage.get(Some("other-Packer"), &labels_of(&[2])).await;
    assert_eq!(elsewhere.problem(), (404, "not_found".into()));
    let refused = stage.as_role(Role::Support, &labels_of(&[2])).await;
    assert_eq!(refused.problem(), (403, "not_allowed".into()));
    assert_eq!(stage.kms.decrypts(), 0);
    let counted =
        stage.db().count_labels(&sub(Role::Packer), stage.now(), LABELS_HOURLY, LABELS_HOURLY).await;
    assert_eq!(counted, Ok(Some(LABELS_HOURLY)));
    let refused = stage.as_role(Role::Packer, &labels_of(&[2])).await;
    assert_eq!(refused.problem(), (429, "reveal_limit".into()));
    assert_eq!(
        (&refused.headers["ratelimit-limit"], refused.headers.get("ratelimit-remaining")),
        (&"1000".parse().unwrap(), None)
    );
    assert_eq!(stage.kms.decrypts(), 0);
    stage.advance(3600);
    assert_eq!(stage.as_role(Role::Packer, &labels_of(&[2])).await.status, 200);
    for word in PERSONAL {
        assert!(!stage.records().await.iter().any(|one| format!("{one:?}").contains(word)));
    }
}

#[test]
fn what_is_not_a_pdf_is_refused_and_a_hundred_are_joined() {
    assert!(joined(&[b"%PDF-1.4 nothing".to_vec()], Paper::Label).is_err());
    let many: Vec<Vec<u8>> = (0..MOST_LABELS).map(|n| pdf(&[&format!("n{n}")])).collect();
    let pages = read(&joined(&many, Paper::Label).unwrap());
    let said: Vec<String> = pages.into_iter().map(|(text, _)| text).collect();
    assert_eq!(said, (0..MOST_LABELS).map(|n| format!("n{n}")).collect::<Vec<_>>());
}
