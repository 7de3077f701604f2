//! Loops compiled for the processor's vector width, chosen at run time.

/// Declares `fn name(arguments) -> output`, generic over the number type `T`, as a call of an `#[inline(always)]` function
/// that is compiled once more for processors with wider vectors. It may have other type parameters: `fn name<S: Bound>(…)`.
///
/// The call goes through a struct and not a closure: a closure handed to `dispatch` is called through a shim that is not
/// always inlined, and what is not inlined is not compiled for the wider vectors.
///
/// ```
/// smallbatch_base::vectorized! {
///     fn double(values: &'a mut [T]) -> () = double_loop;
/// }
///
/// #[inline(always)]
/// fn double_loop<T: smallbatch_base::Scalar>(values: &mut [T]) {
///     values.iter_mut().for_each(|x| *x += *x);
/// }
///
/// let mut values = [1.0_f32, 1.5];
/// double(&mut values);
/// assert_eq!(values, [2.0, 3.0]);
/// ```
#[doc(hidden)]
#[macro_export]
macro_rules! vectorized {
    ($(#[$attribute:meta])* $visibility:vis fn $name:ident $(<$($generic:ident: $bound:path),+>)? (
        $($argument:ident: $type:ty),* $(,)?
    ) -> $output:ty = $function:expr;) => {
        $(#[$attribute])*
        $visibility fn $name<'a, T: $crate::Scalar $(, $($generic: $bound),+)?>($($argument: $type),*) -> $output {
            struct Call<'a, T: $crate::Scalar $(, $($generic: $bound),+)?> {
                $($argument: $type,)*
                lifetime: std::marker::PhantomData<&'a T>,
            }
            impl<'a, T: $crate::Scalar $(, $($generic: $bound),+)?> $crate::pulp::WithSimd
                for Call<'a, T $(, $($generic),+)?>
            {
                type Output = $output;

                #[inline(always)]
                fn with_simd<Processor: $crate::pulp::Simd>(self, _: Processor) -> $output {
                    $function($(self.$argument),*)
                }
            }
            let lifetime = std::marker::PhantomData;
            $crate::pulp::Arch::new().dispatch(Call::<'a, T $(, $($generic),+)?> { $($argument,)* lifetime })
        }
    };
}

/// The name of the vectors that loops are computed with on this processor, such as `x86::V4` for AVX-512. Sums of two kinds of vectors
/// are equal to rounding, and not to the bit: what is kept on disk to go on from says with which it was computed.
///
/// ```
/// assert!(!smallbatch_base::vectors_in_use().is_empty());
/// ```
pub fn vectors_in_use() -> &'static str {
    struct Name;
    impl pulp::WithSimd for Name {
        type Output = &'static str;

        #[inline(always)]
        fn with_simd<Processor: pulp::Simd>(self, _: Processor) -> &'static str {
            std::any::type_name::<Processor>()
        }
    }
    let name = pulp::Arch::new().dispatch(Name);
    name.strip_prefix("pulp::").unwrap_or(name)
}
