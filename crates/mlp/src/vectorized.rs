//! Loops compiled for the processor's vector width, chosen at run time.

/// Declares `fn name(arguments) -> output`, generic over the number type `T`, as a call of an `#[inline(always)]` function
/// that is compiled once more for processors with wider vectors.
///
/// The call goes through a struct and not a closure: a closure handed to `dispatch` is called through a shim that is not
/// always inlined, and what is not inlined is not compiled for the wider vectors.
macro_rules! vectorized {
    ($(#[$attribute:meta])* $visibility:vis fn $name:ident(
        $($argument:ident: $type:ty),* $(,)?
    ) -> $output:ty = $function:expr;) => {
        $(#[$attribute])*
        $visibility fn $name<'a, T: $crate::Scalar>($($argument: $type),*) -> $output {
            struct Call<'a, T: $crate::Scalar> {
                $($argument: $type,)*
                lifetime: std::marker::PhantomData<&'a T>,
            }
            impl<'a, T: $crate::Scalar> pulp::WithSimd for Call<'a, T> {
                type Output = $output;

                #[inline(always)]
                fn with_simd<S: pulp::Simd>(self, _: S) -> $output {
                    $function($(self.$argument),*)
                }
            }
            let lifetime = std::marker::PhantomData;
            pulp::Arch::new().dispatch(Call::<'a, T> { $($argument,)* lifetime })
        }
    };
}

pub(crate) use vectorized;
