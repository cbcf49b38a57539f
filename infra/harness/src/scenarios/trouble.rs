//! What goes wrong between a channel and us: limits, tokens, secrets, nonsense, and the past coming back.

use super::bodies::Wanted;
use super::road::Letter;
use super::stage::{Broken, Stage, accounts, configure, connection, must};
use super::{MUG, PIECES, is_sound, is_told, open, stock_is};
use crate::sim::check::traces;
use crate::world::{SHOP, Setup, Stocked};
use jiff::SignedDuration;
use serde_json::json;
use waybill_domain::exception::Reason;
use waybill_domain::order::{Channel, PersonalData};
use waybill_domain::retention::Policy;
use waybill_domain::time::after;
use waybill_sandbox::{Fault, FaultKind};
use waybill_store::keyring::Vault;
use waybill_store::registry::{Credentials, Kind};

/// A new secret, wherever one is rotated.
const NEW_SECRET: &str = "the-secret-after-the-rotation";

/// Twelve orders at once, and the channel says "not now" to reading and to telling: all are told in the end.
pub async fn rate_limit(channel: Channel) -> Result<(), Broken> {
    let mut stage = open(channel).await?;
    let road = stage.road(channel);
    for endpoint in [road.search_endpoint(), road.write_back_endpoint()] {
        let busy = FaultKind::TooManyRequests { retry_after: Some(20) };
        stage.world.sandbox.add_fault(Fault::new(endpoint, busy).times(2));
    }
    let wanted: Vec<Wanted> = (1..=12).map(|number| Wanted::new(number, &[(MUG, 1)])).collect();
    let ids = road.arrive(&wanted)?;
    stage.rounds(channel, 2).await?;
    for id in &ids {
        is_told(&stage, channel, id, 1)?;
    }
    let left = stage.world.sandbox.with_state(|state| state.faults.list().len());
    must(left == 0, || "the channel was not asked often enough to say no".to_owned())?;
    stock_is(&stage, MUG, PIECES - 12, 0)?;
    is_sound(&stage, channel, 12).await
}

/// Saves other credentials of a connection, as the API does when somebody rotates them.
async fn save(stage: &Stage, channel: Channel, credentials: &Credentials) -> Result<(), Broken> {
    let id = connection(channel)?;
    let mut known = stage.world.db.connection(&id).await?.ok_or("the connection is gone")?;
    let text = serde_json::to_vec(credentials).map_err(|_| "credentials cannot be written")?;
    known.credentials = stage.world.kms.seal(id.as_str(), &text).await?;
    stage.world.db.save_connection(&known).await?;
    Ok(())
}

/// The token dies long before its time, after the first order and before the second: another is got.
pub async fn token_expired(channel: Channel) -> Result<(), Broken> {
    let mut stage = open(channel).await?;
    let road = stage.road(channel);
    if channel == Channel::Magento {
        // An integration's signature does not end; the tokens of Adobe's cloud service do.
        let client_id = "magento-events-client".to_owned();
        let client_secret = "secret_sandbox".to_owned();
        save(&stage, channel, &Credentials::AdobeCommerce { client_id, client_secret, pounds: false })
            .await?;
    }
    let first = road.arrive(&[Wanted::new(1, &[(MUG, 1)])])?.remove(0);
    stage.rounds(channel, 1).await?;
    is_told(&stage, channel, &first, 1)?;
    let before = tokens(&stage, channel);
    road.expire_tokens()?;
    let second = road.arrive(&[Wanted::new(2, &[(MUG, 1)])])?.remove(0);
    stage.rounds(channel, 1).await?;
    is_told(&stage, channel, &second, 1)?;
    let got = tokens(&stage, channel) - before;
    must((1..=2).contains(&got), || format!("{got} tokens were asked for"))?;
    // That the channel refused the dead token is what it must do.
    forgive(&stage);
    is_sound(&stage, channel, 2).await
}

fn tokens(stage: &Stage, channel: Channel) -> u64 {
    stage.road(channel).report()["calls"]["token"].as_u64().unwrap_or(0)
}

/// Refusals so far were asked for.
fn forgive(stage: &Stage) {
    stage.world.sandbox.with_state(|state| state.meters.refusals.clear());
}

/// Deliveries signed before and after the rotation are both taken, or the next token is got with the new secret.
pub async fn secret_rotated(channel: Channel) -> Result<(), Broken> {
    let mut stage = open(channel).await?;
    let road = stage.road(channel);
    let first = road.arrive(&[Wanted::new(1, &[(MUG, 1)])])?.remove(0);
    stage.rounds(channel, 1).await?;
    is_told(&stage, channel, &first, 1)?;
    stage.letters.clear();
    rotate(&stage, channel).await?;
    if matches!(channel, Channel::Amazon | Channel::Ebay) {
        stage.run(5).await?;
        road.expire_tokens()?;
    }
    let second = road.arrive(&[Wanted::new(2, &[(MUG, 1)])])?.remove(0);
    if !matches!(channel, Channel::Amazon | Channel::Ebay) {
        road.deliver(&second, Letter::Previous)?;
    }
    stage.rounds(channel, 1).await?;
    is_told(&stage, channel, &second, 1)?;
    let refused: Vec<u16> =
        stage.letters.iter().map(|(_, status)| *status).filter(|status| *status >= 300).collect();
    must(refused.is_empty(), || format!("deliveries were answered {refused:?}"))?;
    must(channel == Channel::Amazon || !stage.letters.is_empty(), || "nothing was delivered".to_owned())?;
    forgive(&stage);
    is_sound(&stage, channel, 2).await
}

/// The secret changes at the channel and here.
async fn rotate(stage: &Stage, channel: Channel) -> Result<(), Broken> {
    let new = || NEW_SECRET.to_owned();
    let account = accounts()?.into_iter().find(|one| one.kind.channel() == Some(channel));
    let text = |text: &str| text.to_owned();
    match channel {
        Channel::Shopify => {
            let old = stage.world.sandbox.with_state(|state| {
                let config = &mut state.shops.get_mut(SHOP)?.config;
                let old = std::mem::replace(&mut config.client_secret, new());
                config.previous_secret = Some(old.clone());
                Some((old, config.access_token.clone()))
            });
            let (old, token) = old.ok_or("there is no shop")?;
            let before = Credentials::Shopify {
                secrets: vec![old],
                token: token.clone(),
                client_id: None,
                refresh_token: None,
            };
            let mut after =
                Credentials::Shopify { secrets: vec![new()], token, client_id: None, refresh_token: None };
            after.keep_previous(&before);
            save(stage, channel, &after).await
        }
        Channel::WooCommerce => {
            let account = account.ok_or("there is no account")?;
            let mut config = account.config.clone();
            config["previous_secret"] = config["webhook_secret"].take();
            config["webhook_secret"] = json!(NEW_SECRET);
            config["auto_webhooks"] = json!(true);
            configure(&stage.world, &account, &config)?;
            let mut after = Credentials::WooCommerce {
                secrets: vec![new()],
                key: text("ck_demo"),
                secret: text("cs_demo"),
            };
            after.keep_previous(&account.credentials);
            save(stage, channel, &after).await
        }
        // Adobe signs with two keys and rotates one at a time; nothing changes here.
        Channel::Magento => Ok(()),
        Channel::Amazon | Channel::Ebay => {
            let account = account.ok_or("there is no account")?;
            let mut config = account.config.clone();
            config["client_secret"] = json!(NEW_SECRET);
            configure(&stage.world, &account, &config)?;
            let after = match account.kind {
                Kind::Amazon => Credentials::Amazon {
                    client_id: text("amazon-client"),
                    client_secret: new(),
                    refresh_token: text("Atzr|demo"),
                    seller_id: text("A3DEMOSELLER"),
                    marketplace_id: text("A1F83G8C2ARO7P"),
                },
                _ => Credentials::Ebay {
                    client_id: text("ebay-client"),
                    client_secret: new(),
                    refresh_token: text("v^1.1#demo"),
                    verification_token: text("demo_verification_token_0123456789abcdef"),
                    refresh_until: None,
                },
            };
            save(stage, channel, &after).await
        }
    }
}

/// Forgotten, by the channel's word or by our own timer, it stays forgotten, whatever is said of it again.
pub async fn erased_replayed(channel: Channel) -> Result<(), Broken> {
    // A day after it was sent our own timer rings.
    let retention = Policy { delivered_days: 1, shipped_days: 1, ..Policy::LONGEST };
    let stock = vec![Stocked { sku: MUG.to_owned(), pieces: [PIECES, 0] }];
    let setup = Setup { retention, stock, channels: vec![channel], ..Setup::default() };
    let mut stage = Stage::new(&setup).await?;
    let road = stage.road(channel);
    let id = road.arrive(&[Wanted::new(1, &[(MUG, 1)])])?.remove(0);
    stage.rounds(channel, 1).await?;
    is_told(&stage, channel, &id, 1)?;
    if !road.erase(&id)? {
        stage.world.set_now(after(stage.now(), SignedDuration::from_hours(25)));
        let done = stage.world.functions.retain(stage.now()).await;
        done.map_err(|failure| format!("retention failed: {failure}"))?;
    }
    stage.rounds(channel, 1).await?;
    is_forgotten(&stage, channel, &id)?;
    stage.replay().await;
    road.move_to_leeds(&id)?;
    stage.rounds(channel, 4).await?;
    is_forgotten(&stage, channel, &id)?;
    stock_is(&stage, MUG, PIECES - 1, 0)?;
    is_sound(&stage, channel, 1).await
}

fn is_forgotten(stage: &Stage, channel: Channel, id: &str) -> Result<(), Broken> {
    let held = stage.stored(channel, id)?;
    must(held.order.personal == PersonalData::Erased, || format!("order {id} is not forgotten"))?;
    let left = traces(&stage.facts()?, held.order.id.as_str());
    must(left.is_empty(), || format!("left of it: {left:?}"))
}

/// Nonsense is kept sealed for a person, forgery is turned away, and neither stops what comes after.
pub async fn malformed(channel: Channel) -> Result<(), Broken> {
    let mut stage = open(channel).await?;
    let road = stage.road(channel);
    let first = road.arrive(&[Wanted::new(1, &[(MUG, 1)])])?.remove(0);
    stage.rounds(channel, 1).await?;
    is_told(&stage, channel, &first, 1)?;
    stage.letters.clear();
    road.deliver(&first, Letter::Garbled)?;
    stage.run(1).await?;
    let answers: Vec<u16> = stage.letters.iter().map(|(_, status)| *status).collect();
    must(!answers.is_empty() && answers.iter().all(|status| (200..300).contains(status)), || {
        format!("nonsense was answered {answers:?}")
    })?;
    let facts = stage.facts()?;
    let unreadable = |one: &&crate::sim::facts::Held| {
        one.sealed.is_some() && one.order.exceptions.iter().any(|e| e.reason == Reason::Unreadable)
    };
    let kept = facts.orders.values().filter(unreadable).count();
    must(kept == 1, || format!("{kept} bodies are kept for a person instead of one"))?;
    stage.letters.clear();
    road.deliver(&first, Letter::Forged)?;
    stage.run(1).await?;
    let answers: Vec<u16> = stage.letters.iter().map(|(_, status)| *status).collect();
    must(!answers.is_empty() && answers.iter().all(|status| (400..500).contains(status)), || {
        format!("forgery was answered {answers:?}")
    })?;
    let second = road.arrive(&[Wanted::new(2, &[(MUG, 1)])])?.remove(0);
    stage.rounds(channel, 1).await?;
    is_told(&stage, channel, &second, 1)?;
    is_sound(&stage, channel, 3).await
}
