//! Vectors of either number type on any processor.

use pulp::{Simd, cast};

/// What kernels ask of a number type: vectors of it, for every kind of processor.
pub trait Vectors: Copy + Sized {
    /// A vector register of processor kind `S`.
    type Vector<S: Simd>: Copy;

    /// 0.
    const ZERO: Self;

    /// Below it in absolute value, whatever is handed from one stage of a training step to the next is 0; see `negligible` in
    /// `mlp`. The square root of the smallest number of full precision: products of two such numbers are not subnormal. One
    /// bit of its exponent is set, as [`flush`](Self::flush) needs it.
    const SMALLEST: Self;

    /// The same of the loss's gradient with respect to a unit.
    const SMALLEST_DELTA: Self;

    /// The least second moment, and the square of the least gradient that changes one.
    const SMALLEST_SQUARE: Self;

    /// How many samples a panel has: a line of cache, 64 bytes.
    const PANEL: usize = 64 / size_of::<Self>();

    /// How many numbers a vector holds.
    fn lanes<S: Simd>() -> usize;
    /// A vector of equal numbers.
    fn splat<S: Simd>(simd: S, value: Self) -> Self::Vector<S>;
    /// a·b + c, rounded once where the processor can.
    fn mul_add<S: Simd>(
        simd: S,
        a: Self::Vector<S>,
        b: Self::Vector<S>,
        c: Self::Vector<S>,
    ) -> Self::Vector<S>;
    /// a + b.
    fn add_vectors<S: Simd>(simd: S, a: Self::Vector<S>, b: Self::Vector<S>) -> Self::Vector<S>;
    /// The whole vectors of a slice, and the rest.
    fn vectors<S: Simd>(values: &[Self]) -> (&[Self::Vector<S>], &[Self]);
    /// The same, to be changed.
    fn vectors_mut<S: Simd>(values: &mut [Self]) -> (&mut [Self::Vector<S>], &mut [Self]);
    /// At most a vector of numbers; the other lanes are zero.
    fn partial_load<S: Simd>(simd: S, values: &[Self]) -> Self::Vector<S>;
    /// Stores as many lanes as the slice has room for, at most a vector.
    fn partial_store<S: Simd>(simd: S, values: &mut [Self], vector: Self::Vector<S>);
    /// 0 in the place of numbers below [`SMALLEST`](Self::SMALLEST), negative ones too: ReLU. NaN stays NaN.
    fn rectified<S: Simd>(simd: S, vector: Self::Vector<S>) -> Self::Vector<S>;
    /// [`flush`](Self::flush) of each.
    fn flushed<S: Simd>(simd: S, vector: Self::Vector<S>, smallest: Self) -> Self::Vector<S>;
    /// The numbers where those `of` are above 0; elsewhere 0.
    fn where_positive<S: Simd>(
        simd: S,
        of: Self::Vector<S>,
        vector: Self::Vector<S>,
    ) -> Self::Vector<S>;
    /// a·b.
    fn mul_vectors<S: Simd>(simd: S, a: Self::Vector<S>, b: Self::Vector<S>) -> Self::Vector<S>;
    /// All lanes added up.
    fn sum_of_lanes<S: Simd>(simd: S, vector: Self::Vector<S>) -> Self;
    /// a + b.
    fn add(a: Self, b: Self) -> Self;
    /// The number; 0 in the place of one whose absolute value is below `smallest`, which is [`SMALLEST`](Self::SMALLEST) or
    /// [`SMALLEST_DELTA`](Self::SMALLEST_DELTA): a power of two of whose exponent one bit is set, so that a number is at least as
    /// large when that bit of its exponent is set or a higher one. One test of bits instead of a comparison of sizes. NaN
    /// stays NaN.
    fn flush(x: Self, smallest: Self) -> Self;
    /// A byte as a number, exactly.
    fn of_byte(byte: u8) -> Self;
    /// ((x - shift) - rest) / scale, each operation rounded: the same bits wherever it is computed.
    fn scaled(x: Self, shift: Self, rest: Self, scale: Self) -> Self;
}

// `Simd::select_f32s`, `Simd::abs_f32s` and `Simd::transmute_u32s_f32s` are not always inlined: in a debug build such calls took half of
// a training's time, and with AVX-512 a release made one for each vector of a gradient.
macro_rules! vectors {
    ($scalar:ident, [$smallest:expr, $delta:expr, $square:expr], $vector:ident, $lanes:ident, $splat:ident, $mul_add:ident, $add:ident, $as:ident, $as_mut:ident, $load:ident, $store:ident, $sum:ident, $greater:ident, $less:ident, $mul:ident, $bits:ident, $splat_bits:ident, $select_bits:ident, $and_bits:ident, $equal_bits:ident) => {
        impl Vectors for $scalar {
            type Vector<S: Simd> = S::$vector;

            const ZERO: Self = 0.0;
            const SMALLEST: Self = <$scalar>::from_bits($smallest);
            const SMALLEST_DELTA: Self = <$scalar>::from_bits($delta);
            const SMALLEST_SQUARE: Self = <$scalar>::from_bits($square);

            #[inline(always)]
            fn lanes<S: Simd>() -> usize {
                S::$lanes
            }
            #[inline(always)]
            fn splat<S: Simd>(simd: S, value: Self) -> S::$vector {
                simd.$splat(value)
            }
            #[inline(always)]
            fn mul_add<S: Simd>(
                simd: S,
                a: S::$vector,
                b: S::$vector,
                c: S::$vector,
            ) -> S::$vector {
                simd.$mul_add(a, b, c)
            }
            #[inline(always)]
            fn add_vectors<S: Simd>(simd: S, a: S::$vector, b: S::$vector) -> S::$vector {
                simd.$add(a, b)
            }
            #[inline(always)]
            fn vectors<S: Simd>(values: &[Self]) -> (&[S::$vector], &[Self]) {
                S::$as(values)
            }
            #[inline(always)]
            fn vectors_mut<S: Simd>(values: &mut [Self]) -> (&mut [S::$vector], &mut [Self]) {
                S::$as_mut(values)
            }
            #[inline(always)]
            fn partial_load<S: Simd>(simd: S, values: &[Self]) -> S::$vector {
                simd.$load(values)
            }
            #[inline(always)]
            fn partial_store<S: Simd>(simd: S, values: &mut [Self], vector: S::$vector) {
                simd.$store(values, vector);
            }
            #[inline(always)]
            fn rectified<S: Simd>(simd: S, vector: S::$vector) -> S::$vector {
                let is_small = simd.$less(vector, simd.$splat(Self::SMALLEST));
                let (zero, bits): (S::$bits, S::$bits) = (simd.$splat_bits(0), cast(vector));
                cast(simd.$select_bits(is_small, zero, bits))
            }
            #[inline(always)]
            fn flushed<S: Simd>(simd: S, vector: S::$vector, smallest: Self) -> S::$vector {
                let (zero, bits): (S::$bits, S::$bits) = (simd.$splat_bits(0), cast(vector));
                let enough =
                    simd.$splat_bits(<$scalar>::INFINITY.to_bits() & !(smallest.to_bits() - 1));
                let is_small = simd.$equal_bits(simd.$and_bits(bits, enough), zero);
                cast(simd.$select_bits(is_small, zero, bits))
            }
            #[inline(always)]
            fn mul_vectors<S: Simd>(simd: S, a: S::$vector, b: S::$vector) -> S::$vector {
                simd.$mul(a, b)
            }
            #[inline(always)]
            fn where_positive<S: Simd>(simd: S, of: S::$vector, vector: S::$vector) -> S::$vector {
                let is_positive = simd.$greater(of, simd.$splat(0.0));
                let (zero, bits): (S::$bits, S::$bits) = (simd.$splat_bits(0), cast(vector));
                cast(simd.$select_bits(is_positive, bits, zero))
            }
            #[inline(always)]
            fn sum_of_lanes<S: Simd>(simd: S, vector: S::$vector) -> Self {
                simd.$sum(vector)
            }
            #[inline(always)]
            fn add(a: Self, b: Self) -> Self {
                a + b
            }
            #[inline(always)]
            fn flush(x: Self, smallest: Self) -> Self {
                let enough = Self::INFINITY.to_bits() & !(smallest.to_bits() - 1);
                if x.to_bits() & enough == 0 { 0.0 } else { x }
            }
            #[inline(always)]
            fn of_byte(byte: u8) -> Self {
                Self::from(byte)
            }
            #[inline(always)]
            fn scaled(x: Self, shift: Self, rest: Self, scale: Self) -> Self {
                ((x - shift) - rest) / scale
            }
        }
    };
}

vectors!(
    f32,
    [(127 - 63) << 23, (127 - 95) << 23, (127 - 110) << 23],
    f32s,
    F32_LANES,
    splat_f32s,
    mul_add_e_f32s,
    add_f32s,
    as_simd_f32s,
    as_mut_simd_f32s,
    partial_load_f32s,
    partial_store_f32s,
    reduce_sum_f32s,
    greater_than_f32s,
    less_than_f32s,
    mul_f32s,
    u32s,
    splat_u32s,
    select_u32s,
    and_u32s,
    equal_u32s
);
vectors!(
    f64,
    [(1023 - 511) << 52, (1023 - 895) << 52, (1023 - 990) << 52],
    f64s,
    F64_LANES,
    splat_f64s,
    mul_add_e_f64s,
    add_f64s,
    as_simd_f64s,
    as_mut_simd_f64s,
    partial_load_f64s,
    partial_store_f64s,
    reduce_sum_f64s,
    greater_than_f64s,
    less_than_f64s,
    mul_f64s,
    u64s,
    splat_u64s,
    select_u64s,
    and_u64s,
    equal_u64s
);
