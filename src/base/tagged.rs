//! Enums whose variant is named by a field of the object itself, as in `{"event":"decided","step":3,…}`.
//!
//! serde's own `tag` gathers all fields of such an object before it reads one, which doubles the time; and it cannot read
//! a number from text that way once any dependency has switched serde_json's `arbitrary_precision` on. What serde derives
//! for `{"decided":{"step":3,…}}` needs neither, so an enum derives that form under `#[serde(remote = "Self")]`, and
//! `tagged!` puts the name inside. An object whose name comes first is read field by field; one that has it elsewhere
//! is gathered, and read then.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::de::value::{MapAccessDeserializer, MapDeserializer};
use serde::de::{
    DeserializeSeed, Deserializer, EnumAccess, Error as _, IntoDeserializer, MapAccess,
    VariantAccess, Visitor,
};
use serde_json::{Map, Value};

mod writing;

pub use writing::Inside;

/// An enum that `tagged!` was said of.
pub trait Tagged: Sized {
    /// The field that names the variant.
    const TAG: &'static str;

    /// Reads it as derived: the name outside.
    ///
    /// # Errors
    /// As the format has them.
    fn read_outside<'de, D: Deserializer<'de>>(outside: D) -> Result<Self, D::Error>;
}

/// Gives an enum the serde traits with its variant's name in the field `$tag`. It derives both under `remote = "Self"`.
macro_rules! tagged {
    ($name:ident, $tag:literal) => {
        impl $crate::base::tagged::Tagged for $name {
            const TAG: &'static str = $tag;

            fn read_outside<'de, D: serde::Deserializer<'de>>(
                outside: D,
            ) -> Result<Self, D::Error> {
                // The derived one, which comes before that of the trait.
                $name::deserialize(outside)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(text: D) -> Result<Self, D::Error> {
                $crate::base::tagged::read(text)
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, text: S) -> Result<S::Ok, S::Error> {
                $name::serialize(self, $crate::base::tagged::Inside { tag: $tag, text })
            }
        }
    };
}

pub(crate) use tagged;

/// Reads an object that names its variant.
///
/// # Errors
/// As the format has them, and without the name or with one that is not known.
pub fn read<'de, T: Tagged, D: Deserializer<'de>>(text: D) -> Result<T, D::Error> {
    text.deserialize_map(Object(PhantomData))
}

/// Reads what is left of an object after the name of its variant.
///
/// # Errors
/// As [`read`].
pub fn read_rest<'de, T: Tagged, A: MapAccess<'de>>(
    variant: Name<'_>,
    rest: A,
) -> Result<T, A::Error> {
    T::read_outside(Outside { variant, rest })
}

/// A name in a text, read where it stands: a journal has dozens in each line.
pub struct Name<'de>(pub Cow<'de, str>);

impl<'de> serde::Deserialize<'de> for Name<'de> {
    fn deserialize<D: Deserializer<'de>>(text: D) -> Result<Self, D::Error> {
        text.deserialize_str(InPlace).map(Self)
    }
}

struct InPlace;

impl<'de> Visitor<'de> for InPlace {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(text))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(text.to_owned()))
    }
}

/// Reads an object that was gathered.
///
/// # Errors
/// As [`read`].
pub fn read_gathered<T: Tagged, E: serde::de::Error>(
    mut fields: Map<String, Value>,
) -> Result<T, E> {
    let variant = match fields.remove(T::TAG) {
        Some(Value::String(variant)) => variant,
        Some(other) => return Err(E::custom(format!("`{}` is {other}, not a name", T::TAG))),
        None => return Err(E::missing_field(T::TAG)),
    };
    read_rest(Name(Cow::Owned(variant)), MapDeserializer::new(fields.into_iter()))
        .map_err(|error: serde_json::Error| E::custom(error))
}

struct Object<T>(PhantomData<T>);

impl<'de, T: Tagged> Visitor<'de> for Object<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "an object with the field `{}`", T::TAG)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<T, A::Error> {
        let mut gathered = Map::new();
        while let Some(Name(name)) = fields.next_key()? {
            if name == T::TAG && gathered.is_empty() {
                return read_rest(fields.next_value()?, fields);
            }
            gathered.insert(name.into_owned(), fields.next_value()?);
        }
        read_gathered(gathered)
    }
}

/// An object without its variant's name, as serde derives the reading of one that has the name outside.
struct Outside<'a, A> {
    variant: Name<'a>,
    rest: A,
}

impl<'de, A: MapAccess<'de>> Deserializer<'de> for Outside<'_, A> {
    type Error = A::Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, A::Error> {
        visitor.visit_enum(self)
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

impl<'de, A: MapAccess<'de>> EnumAccess<'de> for Outside<'_, A> {
    type Error = A::Error;
    type Variant = Rest<A>;

    fn variant_seed<V: DeserializeSeed<'de>>(
        self,
        seed: V,
    ) -> Result<(V::Value, Rest<A>), A::Error> {
        Ok((seed.deserialize(self.variant.0.into_deserializer())?, Rest(self.rest)))
    }
}

/// The fields of a variant.
struct Rest<A>(A);

impl<'de, A: MapAccess<'de>> VariantAccess<'de> for Rest<A> {
    type Error = A::Error;

    fn unit_variant(self) -> Result<(), A::Error> {
        Err(A::Error::custom("a tagged variant has fields"))
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, A::Error> {
        seed.deserialize(MapAccessDeserializer::new(self.0))
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, _: V) -> Result<V::Value, A::Error> {
        Err(A::Error::custom("a tagged variant has named fields"))
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, A::Error> {
        visitor.visit_map(self.0)
    }
}

#[cfg(test)]
mod tests {
    use serde::{Deserialize, Serialize};
    use serde_json::json;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    #[serde(remote = "Self", rename_all = "snake_case", deny_unknown_fields)]
    enum Step {
        Move {
            by: f64,
            #[serde(default, skip_serializing_if = "Option::is_none")]
            then: Option<Box<Step>>,
        },
        Rest {
            turns: u32,
        },
    }

    super::tagged!(Step, "do");

    fn step() -> Step {
        let rest = Step::Rest { turns: 3 };
        Step::Move { by: 0.1 + 0.2, then: Some(Box::new(rest)) }
    }

    #[test]
    fn the_name_stands_first_inside_and_reads_back_from_text_and_values() {
        let text = serde_json::to_string(&step()).unwrap();
        let expected = r#"{"do":"move","by":0.30000000000000004,"then":{"do":"rest","turns":3}}"#;
        assert_eq!(text, expected);
        assert_eq!(serde_json::from_str::<Step>(&text).unwrap(), step());
        let value = serde_json::to_value(step()).unwrap();
        assert_eq!(value.to_string().len(), text.len());
        assert_eq!(serde_json::from_value::<Step>(value).unwrap(), step());
    }

    #[test]
    fn a_name_that_stands_elsewhere_is_found() {
        let text = r#"{"then":{"turns":3,"do":"rest"},"do":"move","by":0.30000000000000004}"#;
        assert_eq!(serde_json::from_str::<Step>(text).unwrap(), step());
    }

    #[test]
    fn what_is_no_such_object_is_refused_with_the_reason() {
        let refused = [
            (json!({"do": "fly"}), "unknown variant `fly`"),
            (json!({"turns": 1}), "missing field `do`"),
            (json!({"do": 5}), "a string"),
            (json!({"do": "rest"}), "missing field `turns`"),
            (json!({"do": "rest", "turns": 1, "wings": 2}), "unknown field `wings`"),
            (json!([1]), "an object with the field `do`"),
        ];
        for (value, reason) in refused {
            for read in [
                serde_json::from_value::<Step>(value.clone()),
                serde_json::from_str::<Step>(&value.to_string()),
            ] {
                let error = read.expect_err("it was read").to_string();
                assert!(error.contains(reason), "{value}: {error}");
            }
        }
    }
}
