//! Files in and out, against the in-memory engine.

#![allow(clippy::unwrap_used, clippy::panic)]

use jiff::Timestamp;
use std::io::Cursor;
use std::sync::Arc;
use waybill_bulk::export::{Scope, export};
use waybill_bulk::{Ask, BulkError, Kind, Mode, import};
use waybill_domain::catalogue::Sku;
use waybill_domain::{ConnectionId, MerchantId, WarehouseId};
use waybill_store::Db;
use waybill_store::memory::{Calm, Engine};
use waybill_store::uploads::{Upload, UploadState};

struct Stage {
    db: Db,
    merchant: MerchantId,
    warehouses: Vec<WarehouseId>,
    connections: Vec<ConnectionId>,
}

impl Stage {
    fn set() -> Self {
        Self {
            db: Engine::new(Arc::new(Calm)).unwrap().db(),
            merchant: "mer_1".parse().unwrap(),
            warehouses: vec!["wh_north".parse().unwrap()],
            connections: vec!["con_1".parse().unwrap()],
        }
    }

    fn ask<'a>(&'a self, id: &'a str, kind: Kind, mode: Mode) -> Ask<'a> {
        Ask {
            id,
            kind,
            mode,
            dry_run: false,
            merchant: &self.merchant,
            warehouses: &self.warehouses,
            actor: "someone",
            at: Timestamp::UNIX_EPOCH,
        }
    }

    async fn import(&self, ask: &Ask<'_>, text: &str) -> Result<Upload, BulkError> {
        let text = text.to_owned();
        import(&self.db, ask, || Ok(Cursor::new(text.clone().into_bytes())), |_| true).await
    }

    async fn skip(&self, id: &str, kind: Kind, text: &str) -> Upload {
        self.import(&self.ask(id, kind, Mode::SkipBad), text).await.unwrap()
    }

    async fn export(&self, kind: Kind) -> Vec<String> {
        let scope =
            Scope { merchant: &self.merchant, warehouses: &self.warehouses, connections: &self.connections };
        let mut out = Vec::new();
        export(&self.db, kind, &scope, &mut out).await.unwrap();
        let mut lines: Vec<String> =
            String::from_utf8(out).unwrap().lines().skip(1).map(str::to_owned).collect();
        lines.sort();
        lines
    }
}

const SKUS: &str = "sku,name,barcodes,grams,length,width,height,hs_code,origin,lots,tags,safety,low\n\
    MUG,\"Mug, stone\",5012345678900|MUG-1,350,110,90,100,691200,GB,no,kitchen,2,10\n\
    TEA,Tea,,100,0,0,0,,,yes,food|gift,0,0\n";

fn wrong(upload: &Upload) -> Vec<(u64, &str)> {
    upload.errors.iter().map(|e| (e.line, e.column.as_str())).collect()
}

#[tokio::test]
async fn what_is_exported_is_what_was_imported() {
    let stage = Stage::set();
    let mut lines: Vec<&str> = SKUS.lines().skip(1).collect();
    assert_eq!(stage.skip("u1", Kind::Skus, SKUS).await.written, 2);
    assert_eq!(stage.export(Kind::Skus).await, lines);
    let bins = "warehouse,bin,zone,walk,kind\nwh_north,A-01,a,1,pick\nwh_north,B-01,b,2,bulk\n";
    let mappings = "connection,channel_sku,sku,units\ncon_1,B00-3,MUG,3\n";
    let takes = "sku,warehouse,spot,counted\nMUG,wh_north,A-01,7\nTEA,wh_north,B-01~L1~2027-01-31,4\n";
    let bundles = "bundle,component,units\nGIFT,MUG,2\nGIFT,TEA,1\n";
    for (n, (kind, text)) in
        [(Kind::Bins, bins), (Kind::Mappings, mappings), (Kind::StockTakes, takes), (Kind::Bundles, bundles)]
            .into_iter()
            .enumerate()
    {
        let done = stage.skip(&format!("v{n}"), kind, text).await;
        assert_eq!((done.state, done.bad), (UploadState::Done, 0), "{done:?}");
        lines = text.lines().skip(1).collect();
        assert_eq!(stage.export(kind).await, lines, "{kind:?}");
    }
    assert_eq!(stage.db.verify(&stage.merchant).await.unwrap().difference, None);
    // A new file of SKUs leaves what bundles are made of.
    stage.skip("u2", Kind::Skus, "sku,name\nGIFT,Gift box\n").await;
    let gift = stage.db.skus(&stage.merchant, &["GIFT".into()]).await.unwrap().remove(0);
    assert_eq!((gift.name.as_str(), gift.parts.len()), ("Gift box", 2));
}

#[tokio::test]
async fn bad_rows_are_named_by_line_and_skipped_or_stop_everything() {
    let stage = Stage::set();
    let text = "sku,grams,origin\nA,1,GB\n B\u{7},2,\nC,heavy,\nD,1,gb\nE,5,FR\n";
    let refused = stage.import(&stage.ask("u1", Kind::Skus, Mode::AllOrNothing), text).await.unwrap();
    assert_eq!((refused.state, refused.rows, refused.bad, refused.written), (UploadState::Refused, 5, 3, 0));
    assert_eq!(wrong(&refused), [(3, "sku"), (4, "grams"), (5, "origin")]);
    assert!(stage.export(Kind::Skus).await.is_empty());
    let looked = Ask { dry_run: true, ..stage.ask("u2", Kind::Skus, Mode::SkipBad) };
    let looked = stage.import(&looked, text).await.unwrap();
    assert_eq!((looked.state, looked.bad), (UploadState::Checked, 3));
    assert!(stage.export(Kind::Skus).await.is_empty());
    let done = stage.skip("u3", Kind::Skus, text).await;
    assert_eq!((done.state, done.written, done.bad), (UploadState::Done, 2, 3));
    assert_eq!(stage.export(Kind::Skus).await.len(), 2);
}

#[tokio::test]
async fn rows_that_name_what_is_not_known_are_bad() {
    let stage = Stage::set();
    stage.skip("u1", Kind::Skus, SKUS).await;
    let bundles = "bundle,component,units\nGIFT,MUG,2\nGIFT,SOAP,1\nSET,MUG,1\nSET,MUG,2\nBOX,TEA,1\n";
    let done = stage.skip("u2", Kind::Bundles, bundles).await;
    assert_eq!(wrong(&done), [(3, "component"), (4, "bundle"), (5, "component")]);
    let takes = "sku,warehouse,spot,counted\nMUG,wh_moon,A-01,1\nSOAP,wh_north,A-01,1\nMUG,wh_north,A 1,1\nMUG,wh_north,A-01,-1\nBOX,wh_north,A-01,1\n";
    let done = stage.skip("u3", Kind::StockTakes, takes).await;
    assert_eq!(wrong(&done), [(2, "warehouse"), (3, "sku"), (4, "spot"), (5, "counted"), (6, "sku")]);
    let missing = stage.import(&stage.ask("u4", Kind::Mappings, Mode::SkipBad), "sku,units\nMUG,1\n").await;
    assert!(matches!(missing, Err(BulkError::Column("connection"))));
}

#[tokio::test]
async fn an_upload_that_stopped_goes_on_and_one_that_is_done_does_nothing() {
    let stage = Stage::set();
    stage.skip("u1", Kind::Skus, SKUS).await;
    let mut text = "sku,warehouse,spot,counted\n".to_owned();
    for n in 0..250 {
        text.push_str(&format!("MUG,wh_north,A-{n:03},{}\n", n % 7 + 1));
    }
    let ask = stage.ask("take", Kind::StockTakes, Mode::AllOrNothing);
    let stopped = import(&stage.db, &ask, || Ok(Cursor::new(text.clone())), |_| false).await.unwrap();
    assert_eq!((stopped.state, stopped.written, stopped.rows), (UploadState::Running, 100, 250));
    let mut seen = Vec::new();
    let note = |upload: &Upload| {
        seen.push(upload.written);
        true
    };
    let done = import(&stage.db, &ask, || Ok(Cursor::new(text.clone())), note).await.unwrap();
    assert_eq!((done.state, done.written), (UploadState::Done, 250));
    assert_eq!(seen, [200, 250]);
    let (_, before) = stage.db.sku(&stage.merchant, "MUG").await.unwrap();
    assert_eq!(stage.import(&ask, &text).await.unwrap(), done);
    assert_eq!(stage.db.sku(&stage.merchant, "MUG").await.unwrap().1, before);
    assert_eq!(before.len(), 250);
    let other = stage.import(&ask, &text.replace("A-001", "B-001")).await;
    assert!(matches!(other, Err(BulkError::OtherContent)));
}

#[tokio::test]
async fn a_stock_take_that_orders_hold_against_is_refused_before_anything_is_written() {
    let stage = Stage::set();
    for sku in ["MUG", "TEA"] {
        stage.db.save_sku(&stage.merchant, &Sku::named(sku)).await.unwrap();
    }
    let takes = |mug, again, tea| {
        format!(
            "sku,warehouse,spot,counted\nTEA,wh_north,A-01,{tea}\nMUG,wh_north,A-01,{mug}\nMUG,wh_north,A-01,{again}\n"
        )
    };
    stage.skip("begin", Kind::StockTakes, &takes(5, 5, 1)).await;
    let slot = ("MUG".to_owned(), "wh_north".parse::<WarehouseId>().unwrap());
    stage.db.corrupt_level(&stage.merchant, &slot, "reserved", 4).await.unwrap();
    stage.db.corrupt_level(&stage.merchant, &slot, "available", -4).await.unwrap();
    let ask = |id| stage.ask(id, Kind::StockTakes, Mode::AllOrNothing);
    let level = async |sku: &str| {
        let slot = (sku.to_owned(), slot.1.clone());
        stage.db.level(&stage.merchant, &slot).await.unwrap().unwrap().on_hand
    };
    // The second row of the same bin alone would go too far.
    let refused = stage.import(&ask("all"), &takes(4, 3, 9)).await.unwrap();
    assert_eq!((refused.state, refused.written, refused.errors[0].line), (UploadState::Refused, 0, 4));
    assert_eq!((level("TEA").await, level("MUG").await), (1, 5));
    // More goods are promised between the look and the write: what stands half-written says so, and stays so.
    let text = takes(4, 4, 9);
    let stopped = import(&stage.db, &ask("late"), || Ok(text.as_bytes()), |_| false).await.unwrap();
    assert_eq!(stopped.state, UploadState::Running);
    assert_eq!(level("MUG").await, 4);
    let long: String = (0..110).map(|n| format!("TEA,wh_north,B-{n:03},1\n")).collect();
    let text = format!("sku,warehouse,spot,counted\n{long}MUG,wh_north,A-01,4\n");
    let mut first = true;
    let later = ask("later");
    let done = import(&stage.db, &later, || Ok(text.as_bytes()), |_| !std::mem::take(&mut first));
    assert_eq!(done.await.unwrap().state, UploadState::Running);
    stage.db.corrupt_level(&stage.merchant, &slot, "on_hand", 3).await.unwrap();
    stage.db.corrupt_level(&stage.merchant, &slot, "at#A-01", 3).await.unwrap();
    let done = stage.import(&ask("later"), &text).await.unwrap();
    assert_eq!((done.state, done.written, done.errors[0].line), (UploadState::Partial, 110, 112));
    assert_eq!(stage.import(&ask("later"), &text).await.unwrap(), done);
}
