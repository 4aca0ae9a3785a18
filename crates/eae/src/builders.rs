/// Generates builder methods for a settings type, each named like its field.
macro_rules! builders {
    ($type:ident { $($field:ident: $of:ty),+ $(,)? }) => {
        /// Builder methods, one per setting.
        impl $type {
            $(
                #[doc = concat!("Sets [`", stringify!($field), "`](", stringify!($type), "#structfield.", stringify!($field), ").")]
                #[must_use]
                pub fn $field(self, $field: $of) -> Self {
                    Self { $field, ..self }
                }
            )+
        }
    };
}

pub(crate) use builders;
