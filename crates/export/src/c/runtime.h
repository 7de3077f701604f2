/*! flush */
/* Numbers below 2^-63 count as 0, as in training. */
static inline float P_flush(float x) {
    return x < 1.08420217e-19f && x > -1.08420217e-19f ? 0.0f : x;
}

/*! bits */
static inline float P_from_bits(uint32_t bits) {
    union { uint32_t bits; float number; } both;
    both.bits = bits;
    return both.number;
}
static inline uint32_t P_to_bits(float number) {
    union { uint32_t bits; float number; } both;
    both.number = number;
    return both.bits;
}

/*! wide_bits */
static inline double P_from_wide(uint64_t bits) {
    union { uint64_t bits; double number; } both;
    both.bits = bits;
    return both.number;
}
static inline uint64_t P_to_wide(double number) {
    union { uint64_t bits; double number; } both;
    both.number = number;
    return both.bits;
}

/*! input flush */
static inline float P_input(double x) {
    x = x < -1e18 ? -1e18 : x;
    x = x > 1e18 ? 1e18 : x;
    return P_flush((float)x);
}

/*! dense flush */
/* For each unit the bias first, then input by input; 16 units side by side. */
static inline void P_dense(const float *weights, const float *bias, int n_inputs, int n_units, const float *from, float *to) {
    int whole = n_units - n_units % 16, first, unit, input;
    for (first = 0; first < whole; first += 16) {
        const float *row = weights + first;
        float sums[16];
        for (unit = 0; unit < 16; unit++) sums[unit] = bias[first + unit];
        for (input = 0; input < n_inputs; input++, row += n_units) {
            for (unit = 0; unit < 16; unit++) sums[unit] += row[unit] * from[input];
        }
        for (unit = 0; unit < 16; unit++) to[first + unit] = P_flush(sums[unit]);
    }
    for (unit = whole; unit < n_units; unit++) {
        const float *weight = weights + unit;
        float sum = bias[unit];
        for (input = 0; input < n_inputs; input++, weight += n_units) sum += *weight * from[input];
        to[unit] = P_flush(sum);
    }
}

/*! exp_parts bits */
/* e^r and n, where x = n ln 2 + r. */
static inline float P_exp_parts(float x, uint32_t *n) {
    float shifted = x * 1.44269504f + 12582912.0f;
    float whole = shifted - 12582912.0f;
    float r = x - whole * 0.693359375f - whole * -2.12194440e-4f;
    float p = 8.31252057e-3f;
    p = p * r + 4.18901555e-2f;
    p = p * r + 0.166671142f;
    p = p * r + 0.499992311f;
    *n = P_to_bits(shifted);
    return (p * r + 1.0f) * r + 1.0f;
}

/*! exp exp_parts */
static inline float P_exp(float x) {
    float within = x > 89.0f ? 89.0f : x;
    uint32_t n;
    float mantissa, power;
    within = within < -80.0f ? -80.0f : within;
    mantissa = P_exp_parts(within, &n);
    power = mantissa * P_from_bits((uint32_t)((n + 126u) << 23)) * 2.0f;
    return x < -80.0f ? 0.0f : power;
}

/*! exp_of_negative exp_parts */
static inline float P_exp_of_negative(float x) {
    float within = x < -43.668274f ? -43.668274f : x;
    uint32_t n;
    float mantissa = P_exp_parts(within, &n);
    float power = mantissa * P_from_bits((uint32_t)((n + 127u) << 23));
    return x < -43.668274f ? 0.0f : power;
}

/*! absolute */
static inline float P_absolute(float x) { return x <= 0.0f ? 0.0f - x : x; }

/*! sigmoid_of absolute exp_of_negative */
static inline float P_sigmoid_of(float z) {
    float e = P_exp_of_negative(-P_absolute(z));
    float of_size = 1.0f / (1.0f + e);
    return z < 0.0f ? e * of_size : of_size;
}

/*! relu */
static inline void P_relu(float *z, int n) {
    int i;
    for (i = 0; i < n; i++) z[i] = z[i] < 0.0f ? 0.0f : z[i];
}

/*! leaky_relu flush */
static inline void P_leaky_relu(float *z, int n, float slope) {
    int i;
    for (i = 0; i < n; i++) z[i] = z[i] < 0.0f ? P_flush(slope * z[i]) : z[i];
}

/*! tanh */
static inline void P_tanh(float *values, int n) {
    int i;
    for (i = 0; i < n; i++) {
        float x = values[i], z, p, q, a;
        x = x > 9.2f ? 9.2f : x;
        x = x < -9.2f ? -9.2f : x;
        z = x * x;
        z = z < 1e-20f ? 0.0f : z;
        p = 1.29999523e-8f;
        p = p * z + 2.03518134e-5f;
        p = p * z + 3.47990666e-3f;
        p = p * z + 0.133678085f;
        p = p * z + 0.999999975f;
        q = 7.63098895e-7f;
        q = q * z + 3.26002134e-4f;
        q = q * z + 2.5817281e-2f;
        q = q * z + 0.467011206f;
        q = q * z + 1.0f;
        a = x * p / q;
        a = a > 1.0f ? 1.0f : a;
        values[i] = a < -1.0f ? -1.0f : a;
    }
}

/*! sigmoid sigmoid_of */
static inline void P_sigmoid(float *z, int n) {
    int i;
    for (i = 0; i < n; i++) z[i] = P_sigmoid_of(z[i]);
}

/*! silu sigmoid_of */
static inline void P_silu(float *z, int n) {
    int i;
    for (i = 0; i < n; i++) z[i] = z[i] * P_sigmoid_of(z[i]);
}

/*! gelu absolute exp_of_negative */
static inline void P_gelu(float *values, int n) {
    int i;
    for (i = 0; i < n; i++) {
        float x = values[i], y = P_absolute(x), p, q, e, tail;
        y = y > 15.0f ? 15.0f : y;
        p = 4.0380463e-3f;
        p = p * y + 4.0105045e-2f;
        p = p * y + 0.18166633f;
        p = p * y + 0.43617349f;
        p = p * y + 0.5f;
        q = 1.01217424e-2f;
        q = q * y + 0.10053564f;
        q = q * y + 0.46532936f;
        q = q * y + 1.19598067f;
        q = q * y + 1.67023191f;
        q = q * y + 1.0f;
        e = P_exp_of_negative(-0.5f * y * y);
        tail = e * p / q;
        values[i] = x * (x > 0.0f ? 1.0f - tail : tail);
    }
}

/*! elu exp_of_negative flush */
static inline void P_elu(float *values, int n, float alpha) {
    int i;
    for (i = 0; i < n; i++) {
        float x = values[i], series, near, far;
        series = 1.0f / 40320.0f;
        series = series * x + 1.0f / 5040.0f;
        series = series * x + 1.0f / 720.0f;
        series = series * x + 1.0f / 120.0f;
        series = series * x + 1.0f / 24.0f;
        series = series * x + 1.0f / 6.0f;
        series = series * x + 0.5f;
        series = series * x + 1.0f;
        near = x * series;
        far = P_exp_of_negative(x) - 1.0f;
        values[i] = x > 0.0f ? x : P_flush(alpha * (x > -0.35f ? near : far));
    }
}

/*! softplus absolute exp_of_negative */
static inline void P_softplus(float *values, int n) {
    int i;
    for (i = 0; i < n; i++) {
        float z = values[i], u = P_exp_of_negative(-P_absolute(z)), p;
        p = -8.5391989e-3f;
        p = p * u + 4.40895967e-2f;
        p = p * u - 0.107681659f;
        p = p * u + 0.177452385f;
        p = p * u - 0.244954616f;
        p = p * u + 0.332754791f;
        p = p * u - 0.499974042f;
        p = p * u + 0.999999821f;
        values[i] = (z > 0.0f ? z : 0.0f) + p * u;
    }
}

/*! softmax exp */
static inline void P_softmax(float *z, int n) {
    float largest = z[0], sum = 0.0f;
    int i;
    for (i = 0; i < n; i++) largest = z[i] > largest ? z[i] : largest;
    for (i = 0; i < n; i++) {
        z[i] = P_exp(z[i] - largest);
        sum += z[i];
    }
    for (i = 0; i < n; i++) z[i] /= sum;
}

/*! sqrt wide_bits */
/* The correctly rounded square root of 0 or a number of full precision, digit by digit: no library, no hardware. */
static inline double P_sqrt(double x) {
    uint64_t bits = P_to_wide(x), mantissa, root = 0, rest = 0;
    int exponent = (int)(bits >> 52) - 1023, i;
    if (!(x > 0.0)) return x;
    mantissa = (bits & 0xfffffffffffffu) | 0x10000000000000u;
    if (exponent & 1) {
        mantissa <<= 1;
        exponent -= 1;
    }
    /* 54 digits, the last of which rounds; it is never a tie. */
    for (i = 0; i < 54; i++) {
        uint64_t two = i < 27 ? mantissa >> (52 - 2 * i) & 3u : 0u, trial = root << 2 | 1u;
        rest = rest << 2 | two;
        root <<= 1;
        if (rest >= trial) {
            rest -= trial;
            root |= 1u;
        }
    }
    root = (root + 1u) >> 1;
    return P_from_wide(root + ((uint64_t)(exponent / 2 + 1022) << 52));
}

/*! affine */
static inline void P_affine(double *x, int n, const double *shift, const double *scale) {
    int i;
    for (i = 0; i < n; i++) x[i] = (x[i] - shift[i]) / scale[i];
}

/*! smooth_clip sqrt */
static inline void P_smooth_clip(double *x, int n, const double *shift, const double *scale) {
    int i;
    for (i = 0; i < n; i++) {
        double t = (x[i] - shift[i]) / scale[i] / 3.0;
        t = t < -1e10 ? -1e10 : t;
        t = t > 1e10 ? 1e10 : t;
        x[i] = 3.0 * (t / P_sqrt(1.0 + t * t));
    }
}

/*! per_sample sqrt */
static inline void P_per_sample(double *x, int n) {
    double unit = 0.0, mean = 0.0, variance = 0.0, rounding, deviation, count = (double)n;
    const double epsilon = 2.220446049250313e-16;
    int i;
    for (i = 0; i < n; i++) {
        double size = x[i] < 0.0 ? -x[i] : x[i];
        unit = size > unit ? size : unit;
    }
    unit = unit > 0.0 ? unit : 1.0;
    for (i = 0; i < n; i++) mean += x[i] / unit;
    mean /= count;
    for (i = 0; i < n; i++) variance += (x[i] / unit - mean) * (x[i] / unit - mean);
    variance /= count;
    rounding = count * epsilon * mean;
    deviation = variance <= count * epsilon * variance + rounding * rounding ? 1.0 / unit : P_sqrt(variance);
    for (i = 0; i < n; i++) x[i] = (x[i] / unit - mean) / deviation;
}

/*! wide_log wide_bits */
/* The natural logarithm of a number of full precision that is not 1, after FreeBSD's e_log.c:
   Copyright (C) 1993 by Sun Microsystems, Inc. All rights reserved. Developed at SunSoft, a Sun Microsystems, Inc. business.
   Permission to use, copy, modify, and distribute this software is freely granted, provided that this notice is preserved. */
static inline double P_wide_log(double x) {
    uint64_t bits = P_to_wide(x);
    uint32_t high = (uint32_t)(bits >> 32) + (0x3ff00000u - 0x3fe6a09eu);
    int k = (int)(high >> 20) - 0x3ff;
    double f, half, s, z, w, t1, t2, dk = (double)k;
    high = (high & 0x000fffffu) + 0x3fe6a09eu;
    f = P_from_wide((uint64_t)high << 32 | (bits & 0xffffffffu)) - 1.0;
    half = 0.5 * f * f;
    s = f / (2.0 + f);
    z = s * s;
    w = z * z;
    t1 = w * (3.999999999940941908e-01 + w * (2.222219843214978396e-01 + w * 1.531383769920937332e-01));
    t2 = z * (6.666666666666735130e-01 + w * (2.857142874366239149e-01 + w * (1.818357216161805012e-01 + w * 1.479819860511658591e-01)));
    return s * (half + (t2 + t1)) + dk * 1.90821492927058770002e-10 - half + f + dk * 6.93147180369123816490e-01;
}

/*! polynomial */
static inline double P_polynomial(double x, const double *c, int n) {
    double sum = 0.0;
    while (n > 0) sum = sum * x + c[--n];
    return sum;
}

/*! normal_quantile polynomial sqrt wide_log */
/* The inverse of the normal distribution function (Wichura 1988, AS 241). */
static inline double P_normal_quantile(double p) {
    static const double A[] = {3.3871328727963666080e0, 1.3314166789178437745e2, 1.9715909503065514427e3, 1.3731693765509461125e4,
        4.5921953931549871457e4, 6.7265770927008700853e4, 3.3430575583588128105e4, 2.5090809287301226727e3};
    static const double B[] = {1.0, 4.2313330701600911252e1, 6.8718700749205790830e2, 5.3941960214247511077e3,
        2.1213794301586595867e4, 3.9307895800092710610e4, 2.8729085735721942674e4, 5.2264952788528545610e3};
    static const double C[] = {1.42343711074968357734e0, 4.63033784615654529590e0, 5.76949722146069140550e0, 3.64784832476320460504e0,
        1.27045825245236838258e0, 2.41780725177450611770e-1, 2.27238449892691845833e-2, 7.74545014278341407640e-4};
    static const double D[] = {1.0, 2.05319162663775882187e0, 1.67638483018380384940e0, 6.89767334985100004550e-1,
        1.48103976427480074590e-1, 1.51986665636164571966e-2, 5.47593808499534494600e-4, 1.05075007164441684324e-9};
    static const double E[] = {6.65790464350110377720e0, 5.46378491116411436990e0, 1.78482653991729133580e0, 2.96560571828504891230e-1,
        2.65321895265761230930e-2, 1.24266094738807843860e-3, 2.71155556874348757815e-5, 2.01033439929228813265e-7};
    static const double F[] = {1.0, 5.99832206555887937690e-1, 1.36929880922735805310e-1, 1.48753612908506148525e-2,
        7.86869131145613259100e-4, 1.84631831751005468180e-5, 1.42151175831644588870e-7, 2.04426310338993978564e-15};
    double q = p - 0.5, r, z;
    if (q <= 0.425 && q >= -0.425) {
        r = 0.180625 - q * q;
        return q * P_polynomial(r, A, 8) / P_polynomial(r, B, 8);
    }
    r = P_sqrt(-P_wide_log(q < 0.0 ? p : 1.0 - p));
    z = r <= 5.0 ? P_polynomial(r - 1.6, C, 8) / P_polynomial(r - 1.6, D, 8) : P_polynomial(r - 5.0, E, 8) / P_polynomial(r - 5.0, F, 8);
    return q < 0.0 ? -z : z;
}

/*! within */
static inline double P_within(double x, double least, double most) {
    x = x < least ? least : x;
    return x > most ? most : x;
}

/*! normal_scores normal_quantile within */
static inline void P_normal_scores(double *values, int n, const double *all, const int *counts) {
    const double bound = -P_normal_quantile(1e-7);
    const double *q = all;
    int feature;
    for (feature = 0; feature < n; q += counts[feature], feature++) {
        int count = counts[feature], last = count - 1, below = 0, up_to;
        double x = values[feature], position;
        if (count == 1) {
            values[feature] = P_within(x - q[0], -bound, bound);
            continue;
        }
        while (below < count && q[below] < x) below++;
        up_to = below;
        while (up_to < count && q[up_to] <= x) up_to++;
        if (up_to > below) {
            position = (double)(below + up_to - 1) / 2.0;
        } else if (below == 0 || below > last) {
            values[feature] = below == 0 ? -bound : bound;
            continue;
        } else {
            double a = q[below - 1], b = q[below];
            double t = (x / 2.0 - a / 2.0) / (b / 2.0 - a / 2.0);
            position = (double)(below - 1) + P_within(t, 0.0, 1.0);
        }
        position = P_within(position / (double)last, 1e-7, 1.0 - 1e-7);
        values[feature] = P_within(P_normal_quantile(position), -bound, bound);
    }
}

/*! wide_exp wide_bits */
/* e^x, after FreeBSD's e_exp.c:
   Copyright (C) 2004 by Sun Microsystems, Inc. All rights reserved.
   Permission to use, copy, modify, and distribute this software is freely granted, provided that this notice is preserved. */
static inline double P_wide_exp(double x) {
    uint32_t high = (uint32_t)(P_to_wide(x) >> 32), size = high & 0x7fffffffu;
    int sign = (int)(high >> 31), k;
    double hi, lo, xx, c, y;
    if (size >= 0x4086232bu) {
        if (x != x) return x;
        if (x > 709.782712893383973096) return x * P_from_wide(0x7fe0000000000000u);
        if (x < -745.13321910194110842) return 0.0;
    }
    if (size > 0x3fd62e42u) {
        k = size >= 0x3ff0a2b2u ? (int)(1.44269504088896338700e+00 * x + (sign ? -0.5 : 0.5)) : 1 - sign - sign;
        hi = x - (double)k * 6.93147180369123816490e-01;
        lo = (double)k * 1.90821492927058770002e-10;
        x = hi - lo;
    } else if (size > 0x3e300000u) {
        k = 0;
        hi = x;
        lo = 0.0;
    } else {
        return 1.0 + x;
    }
    xx = x * x;
    c = x - xx * (1.66666666666666019037e-01 + xx * (-2.77777777770155933842e-03 + xx * (6.61375632143793436117e-05
        + xx * (-1.65339022054652515390e-06 + xx * 4.13813679705723846039e-08))));
    y = 1.0 + (x * c / (2.0 - c) - lo + hi);
    if (k > 1023) {
        y *= P_from_wide(0x7fe0000000000000u);
        k -= 1023;
    } else if (k < -1022) {
        /* 2^-969, after which y is of full precision still. */
        y *= P_from_wide((uint64_t)(1023 - 969) << 52);
        k += 969;
    }
    return y * P_from_wide((uint64_t)(1023 + k) << 52);
}

/*! mean */
static inline double P_mean(double cell, const double *means, int n_codes) {
    return cell >= 0.0 && cell < (double)n_codes && cell == (double)(int)cell ? means[(int)cell] : means[n_codes];
}

/*! same */
static inline int P_same(const char *a, const char *b) {
    while (*a && *a == *b) a++, b++;
    return *a == *b;
}

/*! level same */
static inline double P_level_of(const char *text, const char *const *levels, int n) {
    int i;
    for (i = 0; i < n; i++) {
        if (P_same(text, levels[i])) return (double)i;
    }
    return -1.0;
}

/*! date wide_bits */
static inline int P_date_of(double *cells, double earliest, int year, int month, int day, double second, int ahead) {
    static const int days_of[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0), i;
    long march, days;
    for (i = 0; i < 4; i++) cells[i] = P_from_wide(0x7ff8000000000000u);
    if (year < 0 || year > 9999 || month < 1 || month > 12 || day < 1 || day > days_of[month - 1] + (month == 2 && leap)
        || !(second >= 0.0 && second < 86401.0)) return 0;
    /* Of a year that begins in March; 400 years more, so that no division is of a negative number. */
    march = (long)(month <= 2 ? year - 1 : year) + 400;
    days = 365 * march + march / 4 - march / 100 + march / 400 + (153 * ((month + 9) % 12) + 2) / 5 + day - 1 - 719468 - 146097;
    cells[0] = ((double)days + (second - 60.0 * (double)ahead) / 86400.0 - earliest) / 365.25;
    cells[1] = (double)(month - 1);
    cells[2] = (double)((days + 3 + 7000000) % 7);
    cells[3] = (double)((int)(second / 3600.0) < 23 ? (int)(second / 3600.0) : 23);
    return 1;
}

/*! time wide_bits */
static inline int P_time_of(double *cells, double second) {
    static const double odd[] = {1.0 / 355687428096000.0, -1.0 / 1307674368000.0, 1.0 / 6227020800.0, -1.0 / 39916800.0, 1.0 / 362880.0,
        -1.0 / 5040.0, 1.0 / 120.0, -1.0 / 6.0};
    static const double even[] = {1.0 / 20922789888000.0, -1.0 / 87178291200.0, 1.0 / 479001600.0, -1.0 / 3628800.0, 1.0 / 40320.0,
        -1.0 / 720.0, 1.0 / 24.0, -0.5};
    double turns, x, z, sine = 0.0, cosine = 0.0;
    int quarters, i;
    cells[0] = cells[1] = P_from_wide(0x7ff8000000000000u);
    if (!(second >= 0.0 && second < 172800.0)) return 0;
    /* The nearest quarter of a turn is taken off; of what is left the Taylor series end where they are exact. */
    turns = second / 86400.0;
    quarters = (int)(4.0 * turns + 0.5);
    x = (turns - 0.25 * (double)quarters) * 6.283185307179586;
    z = x * x;
    for (i = 0; i < 8; i++) {
        sine = sine * z + odd[i];
        cosine = cosine * z + even[i];
    }
    sine = x + x * (z * sine);
    cosine = 1.0 + z * cosine;
    quarters %= 4;
    cells[0] = quarters == 0 ? sine : quarters == 1 ? cosine : quarters == 2 ? -sine : -cosine;
    cells[1] = quarters == 0 ? cosine : quarters == 1 ? -sine : quarters == 2 ? -cosine : sine;
    return 1;
}
