//! Functions that are compiled once for each number type, in the crate that declares them.

use crate::Scalar;

/// A function that has a form of its own for each number type: what generic code reaches through [`Scalar::per_type`].
///
/// `compiled!` declares most of them; by hand where the two forms differ.
pub trait PerType {
    /// What it takes: a tuple, mostly.
    type Arguments<'a, T: Scalar>;
    /// What it returns.
    type Output<'a, T: Scalar>;

    /// The form for `f32`.
    fn narrow<'a>(arguments: Self::Arguments<'a, f32>) -> Self::Output<'a, f32>;
    /// The form for `f64`.
    fn wide<'a>(arguments: Self::Arguments<'a, f64>) -> Self::Output<'a, f64>;
}

/// Declares functions generic over the number type `T`, each of which calls the generic function that is named, as it was compiled
/// in the declaring crate.
///
/// Generic functions are compiled where they are used. A training step, with its loops for every kind of vector, takes a
/// compiler a minute: each program that trains would pay that at every build, and each of its tests as well. The two
/// forms of a function that is declared here are not generic, so they are compiled where they are declared.
/// A test of 300 lines compiles in 6 s instead of 59.
///
/// ```
/// fn sum_here<T: smallbatch_base::Scalar>(values: &[T], sum: &mut T) {
///     values.iter().for_each(|&x| *sum += x);
/// }
///
/// smallbatch_base::compiled! {
///     /// Adds up in the one type or the other.
///     fn sum(values: &'a [T], sum: &'a mut T) -> () = sum_here;
/// }
///
/// let mut total = 0.5_f32;
/// sum(&[1.0, 2.0], &mut total);
/// assert_eq!(total, 3.5);
/// ```
#[doc(hidden)]
#[macro_export]
macro_rules! compiled {
    ($(
        $(#[$attribute:meta])*
        $visibility:vis fn $name:ident(
            $($argument:ident: $type:ty),* $(,)?
        ) -> $output:ty = $function:expr;
    )*) => {
        $(
            $(#[$attribute])*
            $visibility fn $name<'a, T: $crate::Scalar>($($argument: $type),*) -> $output {
                struct Call;
                impl $crate::PerType for Call {
                    type Arguments<'a, T: $crate::Scalar> = ($($type,)*);
                    type Output<'a, T: $crate::Scalar> = $output;

                    fn narrow<'a>(arguments: Self::Arguments<'a, f32>) -> Self::Output<'a, f32> {
                        let ($($argument,)*) = arguments;
                        $function($($argument),*)
                    }

                    fn wide<'a>(arguments: Self::Arguments<'a, f64>) -> Self::Output<'a, f64> {
                        let ($($argument,)*) = arguments;
                        $function($($argument),*)
                    }
                }
                T::per_type::<Call>(($($argument,)*))
            }
        )*
    };
}
