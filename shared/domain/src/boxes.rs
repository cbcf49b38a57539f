//! Which boxes a shipment fits into, by size and weight.

use crate::catalogue::Size;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How much of a box's volume goods can fill, in percent: they never stack without gaps.
pub const FILL_PERCENT: u64 = 85;

/// A kind of box.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BoxKind {
    /// What staff call it.
    pub name: String,
    /// Its inside.
    pub inside: Size,
    /// The most it may hold, in grams.
    pub carries: u32,
    /// What it weighs empty, in grams.
    #[serde(default)]
    pub tare: u32,
}

/// Goods to be packed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Goods {
    /// Which.
    pub sku: String,
    /// How many.
    pub quantity: u32,
    /// Weight of one, in grams.
    pub grams: u32,
    /// Size of one; `None` when unknown.
    pub size: Option<Size>,
}

/// One suggested parcel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Parcel {
    /// The box's name.
    pub name: String,
    /// What goes in.
    pub goods: Vec<(String, u32)>,
    /// Weight in grams, box included.
    pub grams: u32,
}

/// What was suggested.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, JsonSchema)]
pub struct Suggestion {
    /// Parcels, fullest first.
    pub parcels: Vec<Parcel>,
    /// Goods that no box fits, or whose size is not known.
    pub loose: Vec<(String, u32)>,
}

fn fits(item: Size, inside: Size) -> bool {
    item.sides().iter().zip(inside.sides()).all(|(side, room)| *side <= room)
}

fn room(kind: &BoxKind) -> u64 {
    kind.inside.volume() * FILL_PERCENT / 100
}

/// Packs goods into as few boxes as can be seen at a glance, then into the smallest that holds each heap: the
/// largest pieces first, each into the first box with room for it by volume, sides and weight.
pub fn suggest(goods: &[Goods], boxes: &[BoxKind]) -> Suggestion {
    let mut suggestion = Suggestion::default();
    let mut pieces: Vec<(&Goods, Size)> = Vec::new();
    for one in goods {
        let size =
            one.size.filter(|size| boxes.iter().any(|b| fits(*size, b.inside) && one.grams <= b.carries));
        match size {
            Some(size) => pieces.extend((0..one.quantity).map(|_| (one, size))),
            None => suggestion.loose.push((one.sku.clone(), one.quantity)),
        }
    }
    pieces.sort_by(|a, b| b.1.volume().cmp(&a.1.volume()).then_with(|| a.0.sku.cmp(&b.0.sku)));
    let mut heaps: Vec<Vec<(&Goods, Size)>> = Vec::new();
    for piece in pieces {
        let mut placed = false;
        for heap in &mut heaps {
            heap.push(piece);
            placed = smallest(heap, boxes).is_some();
            if placed {
                break;
            }
            heap.pop();
        }
        if !placed {
            heaps.push(vec![piece]);
        }
    }
    for heap in heaps {
        let Some(kind) = smallest(&heap, boxes) else { continue };
        let mut inside: Vec<(String, u32)> = Vec::new();
        for (one, _) in &heap {
            match inside.iter_mut().find(|(sku, _)| *sku == one.sku) {
                Some((_, count)) => *count += 1,
                None => inside.push((one.sku.clone(), 1)),
            }
        }
        let grams = heap.iter().fold(kind.tare, |sum, (one, _)| sum.saturating_add(one.grams));
        suggestion.parcels.push(Parcel { name: kind.name.clone(), goods: inside, grams });
    }
    suggestion
}

/// The smallest box that holds a heap.
fn smallest<'a>(heap: &[(&Goods, Size)], boxes: &'a [BoxKind]) -> Option<&'a BoxKind> {
    let volume: u64 = heap.iter().map(|(_, size)| size.volume()).sum();
    let grams: u64 = heap.iter().map(|(one, _)| u64::from(one.grams)).sum();
    boxes
        .iter()
        .filter(|b| room(b) >= volume || (heap.len() == 1 && b.inside.volume() >= volume))
        .filter(|b| u64::from(b.carries) >= grams && heap.iter().all(|(_, size)| fits(*size, b.inside)))
        .min_by_key(|b| (b.inside.volume(), b.name.clone()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn size(length: u32, width: u32, height: u32) -> Size {
        Size { length, width, height }
    }

    fn boxes() -> Vec<BoxKind> {
        vec![
            BoxKind { name: "small".into(), inside: size(200, 150, 100), carries: 2_000, tare: 80 },
            BoxKind { name: "large".into(), inside: size(400, 300, 250), carries: 15_000, tare: 300 },
        ]
    }

    fn goods(sku: &str, quantity: u32, grams: u32, size: Size) -> Goods {
        Goods { sku: sku.into(), quantity, grams, size: Some(size) }
    }

    #[test]
    fn the_smallest_box_that_holds_it_is_taken() {
        let mug = goods("MUG", 2, 350, size(110, 90, 100));
        let made = suggest(std::slice::from_ref(&mug), &boxes());
        assert_eq!(
            made.parcels,
            [Parcel { name: "small".into(), goods: vec![("MUG".into(), 2)], grams: 780 }]
        );
        let pole = goods("POLE", 1, 900, size(1_200, 40, 40));
        assert_eq!(suggest(&[pole, mug], &boxes()).loose, [("POLE".to_owned(), 1)]);
    }

    #[test]
    fn heavy_goods_are_spread() {
        let made = suggest(&[goods("IRON", 4, 6_000, size(100, 100, 100))], &boxes());
        assert_eq!(made.parcels.iter().map(|p| p.goods[0].1).collect::<Vec<_>>(), [2, 2]);
    }

    proptest! {
        /// Everything is packed once, in boxes that can carry it.
        #[test]
        fn nothing_is_lost_and_nothing_too_heavy(all in proptest::collection::vec((1u32..6, 1u32..9_000, 10u32..400, 10u32..300, 10u32..250), 1..6)) {
            let all: Vec<Goods> = all.iter().enumerate().map(|(n, (q, g, a, b, c))| goods(&format!("S{n}"), *q, *g, size(*a, *b, *c))).collect();
            let made = suggest(&all, &boxes());
            for one in &all {
                let packed: u32 = made.parcels.iter().flat_map(|p| &p.goods).chain(&made.loose).filter(|(sku, _)| *sku == one.sku).map(|(_, q)| q).sum();
                prop_assert_eq!(packed, one.quantity);
            }
            for parcel in &made.parcels {
                let kind = boxes().into_iter().find(|b| b.name == parcel.name).unwrap();
                prop_assert!(parcel.grams <= kind.carries + kind.tare);
            }
        }
    }
}
