//! One merchant, one carrier account, orders as they come, and a hand on every call to the outside.

use crate::hand::{Hand, ToSandbox};
use jiff::{SignedDuration, Timestamp};
use rust_decimal::Decimal;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use waybill_domain::intake::{Delivery, Identity, Incoming, IncomingLine, Readiness};
use waybill_domain::money::Money;
use waybill_domain::order::{Allocation, Channel, ChannelRef, Claim, Destination, Order, Status};
use waybill_domain::retention::Policy;
use waybill_domain::sender::Sender;
use waybill_domain::service::{Carrier, ServiceChoice, ServiceRule, Shipping};
use waybill_domain::shipment::{LabelPrinter, Shipment};
use waybill_domain::{ConnectionId, MerchantId, OrderId};
use waybill_privacy::seal::{Binding, FieldSet, open_bytes};
use waybill_privacy::{Recipient, Sensitive};
use waybill_runtime::directory::Merchants;
use waybill_runtime::{Channels, Clock, Directory, Failure, Step};
use waybill_sandbox::pro_shipping;
use waybill_sandbox::royal_mail::Fate;
use waybill_sandbox::royal_mail::{DEFAULT_KEY, TRACKING_CLIENT_ID, TRACKING_CLIENT_SECRET};
use waybill_sandbox::{Call, Fault, FaultKind, Sandbox};
use waybill_store::audit::{Event, Stream, first_break};
use waybill_store::ingest::{Arrival, ingest};
use waybill_store::keyring::{OpenKeys, Vault};
use waybill_store::keys::KeyState;
use waybill_store::labels::{Documents, label_name};
use waybill_store::memory::{Engine, MemoryDocuments, MemoryKms, MemoryQueues, Outside};
use waybill_store::registry::{Connection, ConnectionState, Credentials, Kind, Merchant, Warehouse};
use waybill_store::{Db, Work};

/// How a scenario ended.
pub type Outcome = Result<(), String>;

/// How a brand's parcels are booked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Api {
    ClickAndDrop,
    ProShipping,
    Dpd,
}

/// A carrier as the table knows it.
#[derive(Debug, Clone, Copy)]
pub struct Brand {
    pub name: &'static str,
    pub api: Api,
    pub carrier: Carrier,
    /// A service at home, and one that goes abroad.
    pub home: &'static str,
    pub abroad: &'static str,
}

impl Brand {
    /// DPD and DPD Local: other calls, and what was asked for cannot be looked up again.
    pub fn is_dpd(&self) -> bool {
        self.api == Api::Dpd
    }
}

/// The carriers that are wired.
pub const BRANDS: [Brand; 5] = [
    brand("royal_mail", Api::ClickAndDrop, Carrier::RoyalMail, "TPS48", "OTA"),
    brand("parcelforce", Api::ClickAndDrop, Carrier::Parcelforce, "FE0", "ECA"),
    brand("pro_shipping", Api::ProShipping, Carrier::RoyalMail, "TPS48", "OTA"),
    brand("dpd", Api::Dpd, Carrier::Dpd, "11", "19"),
    brand("dpd_local", Api::Dpd, Carrier::DpdLocal, "2^11", "2^19"),
];

const fn brand(
    name: &'static str,
    api: Api,
    carrier: Carrier,
    home: &'static str,
    abroad: &'static str,
) -> Brand {
    Brand { name, api, carrier, home, abroad }
}

/// DPD's account in the sandbox.
pub const ACCOUNT: &str = "harbour";

const START: i64 = 1_795_424_400;
pub const MERCHANT: &str = "mer_00000000000000e1";
pub const CARRIER: &str = "con_00000000000000c1";

/// `got` is `want`, or why not.
pub fn is<T: PartialEq + std::fmt::Debug>(what: &str, got: T, want: T) -> Outcome {
    if got == want { Ok(()) } else { Err(format!("{what}: {got:?}, not {want:?}")) }
}

/// Everything a scenario plays with.
pub struct Stage {
    pub brand: Brand,
    pub db: Db,
    pub kms: MemoryKms,
    pub queues: MemoryQueues,
    pub documents: MemoryDocuments,
    pub sandbox: Sandbox,
    pub hand: Arc<Hand>,
    pub shipper: waybill_shipper::Env,
    pub tracker: waybill_tracker::Env,
    seconds: Arc<AtomicI64>,
    orders: AtomicUsize,
}

impl Stage {
    pub async fn set(brand: Brand) -> Self {
        Self::with(brand, Engine::db).await
    }

    /// With a client that makes a call again when nothing came back, as the deployed one does.
    pub async fn that_retries(brand: Brand) -> Self {
        Self::with(brand, Engine::db_that_retries).await
    }

    async fn with(brand: Brand, client: fn(&Engine) -> Db) -> Self {
        let hand = Arc::new(Hand::default());
        let outside: Arc<dyn Outside> = hand.clone();
        let engine = Engine::new(outside.clone()).unwrap();
        let kms = MemoryKms::new(outside.clone()).unwrap();
        let queues = MemoryQueues::new(outside.clone());
        let documents = MemoryDocuments::new(outside.clone());
        let sandbox = Sandbox::new(1);
        let seconds = Arc::new(AtomicI64::new(START));
        let ticking = seconds.clone();
        let clock = Clock::of(move || Timestamp::from_second(ticking.load(Ordering::Relaxed)).unwrap());
        let db = client(&engine);
        let outbound = Arc::new(ToSandbox { sandbox: sandbox.clone(), hand: hand.clone() });
        let vault = Arc::new(kms.clone());
        let shipper = waybill_shipper::Env {
            directory: Directory::new(db.clone(), vault.clone()),
            merchants: Merchants::new(db.clone()),
            db: db.clone(),
            make_keys: vault.clone(),
            open_keys: vault.clone(),
            vault: vault.clone(),
            documents: Arc::new(documents.clone()),
            queues: Arc::new(queues.clone()),
            channels: Channels::new(db.clone(), vault.clone(), outbound.clone(), clock.clone()),
            outbound: outbound.clone(),
            clock: clock.clone(),
        };
        let tracker = waybill_tracker::Env {
            directory: Directory::new(db.clone(), vault.clone()),
            db: db.clone(),
            vault,
            queues: Arc::new(queues.clone()),
            outbound,
            clock,
        };
        let stage = Self {
            brand,
            db,
            kms,
            queues,
            documents,
            sandbox,
            hand,
            shipper,
            tracker,
            seconds,
            orders: AtomicUsize::new(0),
        };
        stage.advance(0);
        stage.settle_in().await;
        stage
    }

    pub fn connection(&self) -> ConnectionId {
        CARRIER.parse().unwrap()
    }

    pub fn service(&self, code: &str) -> ServiceChoice {
        ServiceChoice {
            carrier: self.brand.carrier,
            code: code.into(),
            format: "parcel".into(),
            notify: None,
        }
    }

    pub fn rule(&self, countries: &[&str], code: &str) -> ServiceRule {
        ServiceRule {
            countries: countries.iter().map(|c| (*c).to_owned()).collect(),
            ..ServiceRule::up_to(1_000_000, self.connection(), self.service(code))
        }
    }

    async fn settle_in(&self) {
        let rules = vec![self.rule(&["GB"], self.brand.home), self.rule(&[], self.brand.abroad)];
        self.set_shipping(rules.into()).await;
        let tracking = "http://sandbox.invalid/royal-mail-tracking".to_owned();
        let (kind, address, tracking_address, secret) = match self.brand.api {
            Api::Dpd => self.dpd(),
            Api::ProShipping => (
                Kind::ProShipping,
                "http://sandbox.invalid/pro-shipping".to_owned(),
                Some(tracking),
                Credentials::ProShipping {
                    client_id: pro_shipping::CLIENT_ID.to_owned(),
                    client_secret: pro_shipping::CLIENT_SECRET.to_owned(),
                    shipping_account: pro_shipping::SHIPPING_ACCOUNT.to_owned(),
                    shipping_location: pro_shipping::SHIPPING_LOCATION.to_owned(),
                    goods: "Clothing".to_owned(),
                    printer: LabelPrinter::Zpl203,
                    tracking_id: Some(TRACKING_CLIENT_ID.to_owned()),
                    tracking_secret: Some(TRACKING_CLIENT_SECRET.to_owned()),
                },
            ),
            Api::ClickAndDrop => (
                Kind::RoyalMail,
                "http://sandbox.invalid/royal-mail".to_owned(),
                Some(tracking),
                Credentials::RoyalMail {
                    key: DEFAULT_KEY.to_owned(),
                    tracking_id: TRACKING_CLIENT_ID.to_owned(),
                    tracking_secret: TRACKING_CLIENT_SECRET.to_owned(),
                },
            ),
        };
        let text = serde_json::to_vec(&secret).unwrap();
        let connection = Connection {
            id: self.connection(),
            merchant: MERCHANT.parse().unwrap(),
            kind,
            state: ConnectionState::Active,
            address,
            tracking_address,
            token_address: None,
            keys_address: None,
            places: Default::default(),
            credentials: self.kms.seal(CARRIER, &text).await.unwrap(),
        };
        self.db.save_connection(&connection).await.unwrap();
        self.assess(self.now()).await;
    }

    /// Somebody assessed the carrier.
    pub async fn assess(&self, at: Timestamp) {
        let merchant = MERCHANT.parse().unwrap();
        self.db.save_assessment(&merchant, &self.connection(), "owner", at).await.unwrap();
    }

    fn dpd(&self) -> (Kind, String, Option<String>, Credentials) {
        let local = self.brand.carrier == Carrier::DpdLocal;
        self.set_account(&serde_json::json!({"local": local}));
        let credentials = Credentials::Dpd {
            key: "dpd-key".into(),
            secret: "dpd-secret".into(),
            local,
            sender: Sender {
                organisation: "Harbour & Finch".into(),
                street: "1 Quay Road".into(),
                town: "Bristol".into(),
                postcode: "BS1 6XX".into(),
                contact: "Dispatch".into(),
                phone: "01632 960050".into(),
                email: "dispatch@harbour-finch.invalid".into(),
                eori: Some("GB123456789000".into()),
                vat: None,
            },
        };
        (Kind::Dpd, format!("http://sandbox.invalid/dpd/{ACCOUNT}"), None, credentials)
    }

    /// Sets DPD's account up at the sandbox.
    pub fn set_account(&self, setup: &serde_json::Value) {
        let local = self.brand.carrier == Carrier::DpdLocal;
        let mut whole = serde_json::json!({"key": "dpd-key", "secret": "dpd-secret", "local": local});
        whole.as_object_mut().unwrap().extend(setup.as_object().unwrap().clone());
        let call = Call::new(http::Method::PUT, &format!("/control/dpd/{ACCOUNT}")).json(&whole);
        assert_eq!(self.sandbox.answer(&call).status, 200);
    }

    /// Gives the merchant another choice of services. What a warm function keeps of it grows old.
    pub async fn set_shipping(&self, services: Shipping) {
        let merchant = Merchant {
            id: MERCHANT.parse().unwrap(),
            name: "Harbour & Finch".into(),
            index_key: self.kms.seal(MERCHANT, &[7; 32]).await.unwrap(),
            needs: Default::default(),
            retention: Policy::LONGEST,
            part_ship: false,
            warehouses: vec![Warehouse {
                id: "wh_north".parse().unwrap(),
                name: "North".into(),
                priority: 1,
                near: vec![],
            }],
            services,
        };
        self.db.save_merchant(&merchant).await.unwrap();
        self.advance(61);
    }

    pub fn now(&self) -> Timestamp {
        Timestamp::from_second(self.seconds.load(Ordering::Relaxed)).unwrap()
    }

    pub fn advance(&self, seconds: i64) {
        self.seconds.fetch_add(seconds, Ordering::Relaxed);
        self.sandbox.set_now(self.now());
    }

    /// An allocated order to someone in Bristol.
    pub async fn order(&self) -> OrderId {
        self.order_to(bristol(), 600).await
    }

    /// An allocated order of one piece of this weight.
    pub async fn order_to(&self, who: Recipient, grams: u32) -> OrderId {
        let n = self.orders.fetch_add(1, Ordering::Relaxed) + 1;
        let id: OrderId = format!("ord_{n:016x}{n:016x}").parse().unwrap();
        let merchant: MerchantId = MERCHANT.parse().unwrap();
        let country = who.country.clone().unwrap_or_default();
        let postcode = who.postcode.as_ref().map(|p| p.open(waybill_privacy::Purpose::Label).clone());
        let area = postcode.filter(|_| country == "GB").and_then(|p| Destination::area_of(&p));
        let incoming = Incoming {
            channel: Channel::Shopify,
            channel_ref: ChannelRef { id: n.to_string(), name: None },
            version: self.now(),
            placed_at: self.now(),
            cancelled_at: None,
            arrived_at: None,
            test: false,
            readiness: Readiness::Ready,
            delivery: Delivery::Ship,
            destination: Some(Destination { country, postcode_area: area }),
            lines: vec![IncomingLine {
                channel_line: "1".into(),
                sku: Some("TEE-RED".into()),
                quantity: 1,
                sent: 0,
                ships: true,
                grams: grams - 50,
                price: Decimal::new(1225, 2),
            }],
            total: Money { amount: Decimal::new(1225, 2), currency: "GBP".into() },
        };
        let who_is = Identity {
            order: id.clone(),
            merchant,
            connection: "con_00000000000000a1".parse().unwrap(),
            lines: vec!["lin_000000000001".parse().unwrap()],
            digest: "a".into(),
        };
        let arrival = Arrival {
            incoming: &incoming,
            who: &who_is,
            recipient: Some(&who),
            buyer: None,
            lot: None,
            policy: Policy::LONGEST,
            fresh: false,
            now: self.now(),
        };
        ingest(&self.db, &self.kms, &arrival).await.unwrap();
        self.change(&id, |order| {
            order.lines[0].allocations =
                vec![Allocation { warehouse: "wh_north".parse().unwrap(), quantity: 1 }];
            order.status = Status::Allocated;
        })
        .await;
        id
    }

    /// Writes to an order as somebody else would.
    pub async fn change(&self, id: &OrderId, change: impl FnOnce(&mut Order)) {
        let mut order = self.see(id).await;
        change(&mut order);
        self.db.save_order(&mut order).await.unwrap();
    }

    /// Another shipper takes the order between our look at it and our write.
    pub async fn claim_of_another(&self, id: &OrderId) {
        let (db, now) = (self.db.clone(), self.now());
        let id = id.clone();
        let held = self.see(&id).await;
        self.hand.meanwhile("dynamodb:UpdateItem", move || {
            let (db, mut order) = (db.clone(), held.clone());
            let by = Some("another".to_owned());
            order.claim = Some(Claim { at: now, since: now, carriers: Default::default(), by });
            Box::pin(async move { db.save_order(&mut order).await.unwrap() })
        });
    }

    pub async fn see(&self, id: &OrderId) -> Order {
        self.db.order(id).await.unwrap().unwrap()
    }

    pub async fn shipment(&self, id: &OrderId) -> Result<Shipment, String> {
        let mut all = self.db.shipments(id).await.map_err(|e| e.to_string())?;
        match (all.pop(), all.is_empty()) {
            (Some(one), true) => Ok(one),
            (_, _) => Err("not exactly one shipment".to_owned()),
        }
    }

    /// What the audit chain says about who opened the order's recipient to book it.
    pub async fn openings(&self, id: &OrderId) -> Vec<Event> {
        let merchant = self.db.order(id).await.unwrap().unwrap().merchant;
        let records = self.db.records(&merchant, Stream::Disclosure).await.unwrap();
        assert_eq!(first_break(&records).unwrap(), None);
        records.into_iter().map(|record| record.event).filter(|event| event.order == *id).collect()
    }

    pub fn work(&self, id: &OrderId) -> Work {
        Work::Order { order: id.clone(), at: self.now() }
    }

    /// One message to the shipper.
    pub async fn once(&self, id: &OrderId) -> Result<Step, Failure> {
        waybill_shipper::work_on(&self.shipper, self.work(id)).await
    }

    /// Messages to the shipper as the queue and the clock would bring them, until it has nothing to do.
    pub async fn ship(&self, id: &OrderId) -> Outcome {
        for _ in 0..40 {
            let end = self.once(id).await;
            let order = self.see(id).await;
            let busy = order.claim.is_some() && order.status == Status::Cancelled;
            let left = matches!(order.status, Status::Allocated) || busy;
            match end {
                Ok(Step::Done) if !left || !order.exceptions.is_empty() => return Ok(()),
                Ok(Step::Done) => self.advance(60),
                Ok(Step::Again { seconds }) => self.advance(i64::from(seconds)),
                Err(_) => self.advance(60),
            }
        }
        Err("the shipper does not come to an end".to_owned())
    }

    /// One message to the shipper whose process dies at the n-th step; false when it came to its end before.
    pub async fn dies(&self, id: &OrderId, n: usize) -> bool {
        self.hand.calls.store(0, Ordering::Relaxed);
        *self.hand.dies_at.lock().unwrap() = Some(n);
        let died = tokio::select! {
            biased;
            _ = self.once(id) => false,
            () = self.hand.died.notified() => true,
        };
        *self.hand.dies_at.lock().unwrap() = None;
        died
    }

    /// Two messages at once, whose calls take turns.
    pub async fn both(&self, id: &OrderId, yields: usize) {
        self.hand.yields.store(yields, Ordering::Relaxed);
        let second = async {
            for _ in 0..yields * 3 {
                tokio::task::yield_now().await;
            }
            self.once(id).await
        };
        let _ = tokio::join!(self.once(id), second);
        self.hand.yields.store(0, Ordering::Relaxed);
    }

    /// The name of a carrier's endpoint in the sandbox: `create`, `label` and `find` are called so.
    pub fn endpoint(&self, call: &str) -> String {
        match (self.brand.api, call) {
            (Api::Dpd, "label") => "dpd.labels".to_owned(),
            (Api::Dpd, "find" | "track") => "dpd.tracking".to_owned(),
            (Api::Dpd, other) => format!("dpd.{other}"),
            (_, "track") => "tracking.events".to_owned(),
            (Api::ProShipping, "find") => "pro-shipping.list".to_owned(),
            (Api::ProShipping, "delete") => "pro-shipping.cancel".to_owned(),
            (Api::ProShipping, other) => format!("pro-shipping.{other}"),
            (Api::ClickAndDrop, "find") => "royal-mail.get".to_owned(),
            (Api::ClickAndDrop, other) => format!("royal-mail.{other}"),
        }
    }

    /// Makes a call of the carrier go wrong.
    pub fn fault(&self, call: &str, kind: FaultKind) -> Fault {
        Fault::new(&self.endpoint(call), kind)
    }

    /// Live bookings at the carrier, labels it ever made (each once, however often it is printed), and references
    /// it has twice.
    pub fn at_carrier(&self) -> (usize, u64, usize) {
        self.sandbox.with_state(|state| match state.dpd.accounts.get(ACCOUNT) {
            Some(account) => {
                let labelled = account.shipments.iter().filter(|one| one.labelled).count();
                (account.shipments.len(), u64::try_from(labelled).unwrap(), account.booked_twice())
            }
            None if self.brand.api == Api::ProShipping => {
                let all = &state.pro_shipping;
                (all.live().count(), all.labels, all.booked_twice())
            }
            None => {
                let all = &state.royal_mail;
                let gone = waybill_sandbox::royal_mail::Status::Deleted;
                let live = all.orders.values().filter(|order| order.status != gone).count();
                (live, all.labels, all.booked_twice())
            }
        })
    }

    /// Tells every parcel its fate.
    pub fn tell(&self, fate: Fate) {
        self.sandbox.with_state(|state| {
            state.royal_mail.parcels.values_mut().for_each(|parcel| parcel.fate = fate);
            for account in state.dpd.accounts.values_mut() {
                account.parcels_mut().for_each(|parcel| parcel.fate = fate);
            }
        });
    }

    /// Tells the last parcel its fate.
    pub fn tell_last(&self, fate: Fate) {
        self.sandbox.with_state(|state| {
            let last = state.dpd.accounts.values_mut().flat_map(|account| account.parcels_mut()).last();
            if let Some(parcel) = last {
                parcel.fate = fate;
            } else if let Some(parcel) = state.royal_mail.parcels.values_mut().last() {
                parcel.fate = fate;
            }
        });
    }

    /// How often the carrier was asked to do this.
    pub fn asked(&self, call: &str) -> u64 {
        let endpoint = self.endpoint(call);
        self.sandbox.with_state(|state| {
            state.meters.endpoints.get(&endpoint).map_or(0, |meter| meter.by_status.values().sum())
        })
    }

    /// Bodies of the bookings as they arrived.
    pub fn bookings(&self) -> Vec<serde_json::Value> {
        let endpoint = self.endpoint("create");
        self.sandbox.with_state(|state| {
            let all = state.meters.captured.iter().filter(|one| one.endpoint == endpoint);
            all.map(|one| serde_json::from_str(&one.body).unwrap_or_default()).collect()
        })
    }

    /// The label of a shipment, opened as `reveal` does.
    pub async fn opened(&self, shipment: &Shipment) -> Vec<u8> {
        let Shipment { merchant, order, id, .. } = shipment;
        let KeyState::Live { wrapped, .. } = self.db.label_key(order, id).await.unwrap() else {
            panic!("the label has no key")
        };
        let key = OpenKeys::open(&self.kms, merchant, order, &wrapped).await.unwrap();
        let sealed = self.documents.get(&label_name(order, id)).await.unwrap().unwrap();
        let to = Binding { merchant, order, field_set: FieldSet::Label(id.as_str()) };
        open_bytes(&key, to, &sealed).unwrap().to_vec()
    }

    /// Exactly one label was bought for the order, and it is kept and booked.
    pub async fn one_label(&self, id: &OrderId) -> Outcome {
        is("at the carrier", self.at_carrier(), (1, 1, 0))?;
        is("status", self.see(id).await.status, Status::Booked)?;
        let shipment = self.shipment(id).await?;
        is("has a label", shipment.has_label(), true)?;
        let name = label_name(id, &shipment.id);
        is("kept", self.documents.all().contains_key(&name), true)
    }

    /// Whatever was lost, the order ends well: with one label, or, where the carrier shows no bookings, before a
    /// person who is told, with at most one booking at the carrier.
    pub async fn bought_once(&self, id: &OrderId) -> Outcome {
        if !self.brand.is_dpd() || self.see(id).await.status == Status::Booked {
            return self.one_label(id).await;
        }
        self.asks(id, waybill_domain::exception::Reason::UncertainBooking).await?;
        let (live, _, twice) = self.at_carrier();
        is("at the carrier", (live <= 1, twice), (true, 0))
    }

    /// The order waits for a person for this reason; gives its detail.
    pub async fn asks(
        &self,
        id: &OrderId,
        reason: waybill_domain::exception::Reason,
    ) -> Result<String, String> {
        let order = self.see(id).await;
        let open = order.exceptions.iter().find(|open| open.reason == reason);
        let open = open.ok_or_else(|| format!("exceptions: {:?}, not {reason:?}", order.exceptions))?;
        Ok(open.detail.clone().unwrap_or_default())
    }

    /// Stands still for so many hours.
    pub fn hours(&self, hours: i64) {
        self.advance(SignedDuration::from_hours(hours).as_secs());
    }
}

/// Someone in Bristol, with every field there is.
pub fn bristol() -> Recipient {
    let text = |text: &str| Some(Sensitive::new(text.to_owned()));
    Recipient {
        name: text("Zoë Ångström"),
        lines: vec![Sensitive::new("14 Invented Street".to_owned())],
        city: text("Bristol"),
        region: text("Avon"),
        postcode: text("BS1 4DJ"),
        country: Some("GB".into()),
        phone: text("07700 900001"),
        email: text("zoe@example.invalid"),
        ..Recipient::default()
    }
}
