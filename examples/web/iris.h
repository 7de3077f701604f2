/* Predicts "species". Written by `smallbatch export --c`: do not change it, but write it anew.

     double cells[IRIS_N_CELLS], outputs[IRIS_N_OUTPUTS];
     iris_clear(cells);                    all cells missing
     cells[IRIS_SEPAL_LENGTH] = ...;
     if (iris_predict(cells, outputs)) ...   outputs has the probabilities of the 3 classes, see iris_class

   A cell is a number, 1 or 0 for true or false, or iris_missing() if it is not known.
   iris_predict returns 0 where a cell is infinite or the prediction is not finite. Each file that includes this header has its own copy.
   Nothing is allocated; the stack holds 160 bytes of numbers.

   The bits are the same on every processor if no operations are fused. The pragmas below see to it for gcc, clang and MSVC; elsewhere
   use what is -ffp-contract=off there. */

#ifndef IRIS_H
#define IRIS_H

#include <float.h>
#include <stdint.h>

#if defined(__FAST_MATH__)
#error "with -ffast-math this predicts other numbers"
#endif
#if defined(FLT_EVAL_METHOD) && FLT_EVAL_METHOD != 0
#error "numbers are computed in a wider type; with -msse2 -mfpmath=sse they are not"
#endif
#ifdef __cplusplus
extern "C" {
#endif
#if defined(__clang__)
#pragma STDC FP_CONTRACT OFF
#elif defined(__GNUC__)
#pragma GCC push_options
#pragma GCC optimize ("fp-contract=off")
#elif defined(_MSC_VER)
#pragma fp_contract(off)
#endif

#define IRIS_N_OUTPUTS 3
enum iris_cell {
    IRIS_SEPAL_LENGTH, /* "sepal_length": a number, 4.3 to 7.9 in training */
    IRIS_SEPAL_WIDTH, /* "sepal_width": a number, 2.0 to 4.4 in training */
    IRIS_PETAL_LENGTH, /* "petal_length": a number, 1.0 to 6.9 in training */
    IRIS_PETAL_WIDTH, /* "petal_width": a number, 0.1 to 2.5 in training */
    IRIS_N_CELLS
};

/* Numbers below 2^-63 count as 0, as in training. */
static inline float iris_flush(float x) {
    return x < 1.08420217e-19f && x > -1.08420217e-19f ? 0.0f : x;
}

static inline float iris_from_bits(uint32_t bits) {
    union { uint32_t bits; float number; } both;
    both.bits = bits;
    return both.number;
}
static inline uint32_t iris_to_bits(float number) {
    union { uint32_t bits; float number; } both;
    both.number = number;
    return both.bits;
}

static inline double iris_from_wide(uint64_t bits) {
    union { uint64_t bits; double number; } both;
    both.bits = bits;
    return both.number;
}
static inline uint64_t iris_to_wide(double number) {
    union { uint64_t bits; double number; } both;
    both.number = number;
    return both.bits;
}

static inline float iris_input(double x) {
    x = x < -1e18 ? -1e18 : x;
    x = x > 1e18 ? 1e18 : x;
    return iris_flush((float)x);
}

/* For each unit the bias first, then input by input; 16 units side by side. */
static inline void iris_dense(const float *weights, const float *bias, int n_inputs, int n_units, const float *from, float *to) {
    int whole = n_units - n_units % 16, first, unit, input;
    for (first = 0; first < whole; first += 16) {
        const float *row = weights + first;
        float sums[16];
        for (unit = 0; unit < 16; unit++) sums[unit] = bias[first + unit];
        for (input = 0; input < n_inputs; input++, row += n_units) {
            for (unit = 0; unit < 16; unit++) sums[unit] += row[unit] * from[input];
        }
        for (unit = 0; unit < 16; unit++) to[first + unit] = iris_flush(sums[unit]);
    }
    for (unit = whole; unit < n_units; unit++) {
        const float *weight = weights + unit;
        float sum = bias[unit];
        for (input = 0; input < n_inputs; input++, weight += n_units) sum += *weight * from[input];
        to[unit] = iris_flush(sum);
    }
}

/* e^r and n, where x = n ln 2 + r. */
static inline float iris_exp_parts(float x, uint32_t *n) {
    float shifted = x * 1.44269504f + 12582912.0f;
    float whole = shifted - 12582912.0f;
    float r = x - whole * 0.693359375f - whole * -2.12194440e-4f;
    float p = 8.31252057e-3f;
    p = p * r + 4.18901555e-2f;
    p = p * r + 0.166671142f;
    p = p * r + 0.499992311f;
    *n = iris_to_bits(shifted);
    return (p * r + 1.0f) * r + 1.0f;
}

static inline float iris_exp(float x) {
    float within = x > 89.0f ? 89.0f : x;
    uint32_t n;
    float mantissa, power;
    within = within < -80.0f ? -80.0f : within;
    mantissa = iris_exp_parts(within, &n);
    power = mantissa * iris_from_bits((uint32_t)((n + 126u) << 23)) * 2.0f;
    return x < -80.0f ? 0.0f : power;
}

static inline void iris_relu(float *z, int n) {
    int i;
    for (i = 0; i < n; i++) z[i] = z[i] < 0.0f ? 0.0f : z[i];
}

static inline void iris_softmax(float *z, int n) {
    float largest = z[0], sum = 0.0f;
    int i;
    for (i = 0; i < n; i++) largest = z[i] > largest ? z[i] : largest;
    for (i = 0; i < n; i++) {
        z[i] = iris_exp(z[i] - largest);
        sum += z[i];
    }
    for (i = 0; i < n; i++) z[i] /= sum;
}

static inline void iris_affine(double *x, int n, const double *shift, const double *scale) {
    int i;
    for (i = 0; i < n; i++) x[i] = (x[i] - shift[i]) / scale[i];
}

static const char *const iris_classes[] = {"setosa", "versicolor", "virginica"};

/* A cell that is not known. */
static inline double iris_missing(void) { return iris_from_wide(0x7ff8000000000000u); }

/* All cells missing. */
static inline void iris_clear(double cells[IRIS_N_CELLS]) {
    int i;
    for (i = 0; i < IRIS_N_CELLS; i++) cells[i] = iris_missing();
}

/* The most probable class, and a class's name in UTF-8. */
static inline int iris_class(const double outputs[IRIS_N_OUTPUTS]) {
    int best = 0, i;
    for (i = 1; i < IRIS_N_OUTPUTS; i++) best = outputs[i] > outputs[best] ? i : best;
    return best;
}
static inline const char *iris_class_name(int at) { return iris_classes[at]; }

static const double iris_0_shift[] = {
    5.818333333333333, 3.0516666666666667, 3.7383333333333333, 1.2025
};
static const double iris_0_scale[] = {
    0.8287524090797901, 0.442339110738457, 1.7562831649695771, 0.7593267302902837
};
static const float iris_0_weights_0[] = {
    -0.45994785f, 1.1977749f, 1.3439556f, -0.5434253f, -0.13216348f, -0.41581866f, 0.81721956f, -1.391187f,
    -1.6107714f, -0.26767734f, 0.6783397f, -0.9600256f, 0.7467259f, -0.34435326f, -0.63201237f, 0.67486763f,
    -0.13391139f, -0.34584615f, -1.1223489f, 0.08281973f, -0.20348029f, -0.22944863f, 1.3230306f, 0.14658877f,
    0.96339476f, -0.26501727f, -0.232823f, -0.39055392f, 0.5143588f, 2.6563787f, -0.6601207f, -0.49149776f,
    0.13320531f, 1.4187597f, -0.29962954f, 0.15021384f, 0.76147264f, -1.7448413f, -0.014731843f, -1.6174713f,
    -0.28378683f, 0.7089049f, -0.43397158f, -0.53056085f, 0.3300088f, -0.35894445f, 0.81566113f, -0.18918408f,
    -0.91968477f, 0.03893598f, -0.4848867f, -1.247068f, 0.8279411f, -0.31140685f, 0.084389985f, 0.6686662f,
    -1.5169404f, 1.1184962f, 1.4473205f, 0.33528823f, -0.15485221f, 0.53119045f, 0.40425897f, 1.1114942f
};
static const float iris_0_bias_0[] = {
    -0.24688277f, 0.74685526f, 0.613781f, 0.36254853f, -0.42387503f, -0.069887556f, -0.54703826f, 0.1322112f,
    -0.107740246f, -0.38305384f, -0.17089576f, 0.7505217f, 0.1615012f, 0.41280162f, 0.67735654f, -0.23579106f
};
static const float iris_0_weights_1[] = {
    -0.05516585f, -0.21139592f, -0.17843422f, -0.61571443f, 0.6802863f, 0.3503089f, -0.3225238f, 0.39849433f,
    -0.15510403f, 0.060339417f, -0.30444446f, -0.70797133f, -0.40380764f, -0.93971354f, 0.844781f, 0.1874191f,
    0.09735217f, 0.047509026f, 0.20093402f, -0.11449715f, 0.46740314f, 0.56025946f, -0.06690815f, -0.33251554f,
    0.13694483f, -1.1367886f, -0.19908677f, -0.51561224f, -1.0630695f, 0.8712038f, -0.53237706f, -0.2675456f,
    0.5778807f, -0.52562666f, 0.13068587f, -0.6698614f, 0.11731886f, 0.37252235f, 0.17182066f, 0.010249004f,
    -0.16598846f, -0.7457736f, -0.52254975f, 0.39729062f, 0.26344538f, -0.41858673f, -0.17473814f, 0.66771233f
};
static const float iris_0_bias_1[] = {
    -0.33684683f, 0.64268196f, -0.60859746f
};
static const double iris_1_shift[] = {
    5.860833333333334, 3.085, 3.7641666666666667, 1.1975
};
static const double iris_1_scale[] = {
    0.8191759918085708, 0.42340878592679204, 1.779643964080706, 0.7627212793675027
};
static const float iris_1_weights_0[] = {
    0.53815335f, 0.7622652f, 0.7341845f, -1.7918978f, 0.18095686f, 0.9905416f, 0.76793945f, 1.1806579f,
    1.0900095f, 1.1652914f, -0.20838432f, -0.6577116f, -0.5783213f, 0.4661644f, -0.10232254f, 0.16694318f,
    -0.2582774f, -1.5794756f, -1.4670062f, 1.5002949f, -1.4609796f, -0.035470244f, -0.1923224f, 0.1895627f,
    1.0186604f, 0.59711236f, 0.360073f, -0.15139088f, 0.74048865f, -0.35548845f, -0.6030465f, 0.8670552f,
    -0.26689965f, 1.7215669f, 0.058264006f, 0.4881428f, 0.8353358f, -0.37282956f, 0.18922028f, -0.5851569f,
    1.8509091f, -0.5005449f, -0.027624713f, 0.40030268f, -0.92987305f, -0.39771587f, -0.9907202f, -0.06381857f,
    -0.7106993f, 1.7707131f, -0.21269059f, -0.56676507f, -0.3050052f, -0.33961776f, 1.2646778f, -0.6556902f,
    -0.5937351f, -1.1475742f, 0.46462932f, -0.8463415f, -0.55699503f, -0.72079223f, -0.8434367f, -0.46111384f
};
static const float iris_1_bias_0[] = {
    -0.251879f, 0.20174737f, 0.61499906f, -0.09978076f, 0.06806194f, 0.014300656f, -0.15382278f, -0.20578162f,
    -0.08191951f, 0.93430656f, -0.26476145f, 0.75672114f, 0.24125424f, 0.6964321f, -0.20053437f, 0.12792423f
};
static const float iris_1_weights_1[] = {
    -0.40943226f, 0.026418563f, -0.038660754f, -0.60271424f, -0.1300737f, 0.47491476f, -0.56941247f, 0.36832732f,
    -0.16794208f, -0.025330763f, -0.9496978f, -0.8043222f, -0.7930224f, -0.41511956f, -0.31150398f, 0.028617552f,
    0.4463854f, -0.062279884f, -0.8982681f, -0.5467617f, 0.3585198f, 0.04037725f, -0.03452234f, -0.13572697f,
    -0.6531445f, -0.2710476f, 0.16370486f, 0.37588498f, 0.23237343f, -1.1532961f, -0.065692306f, 0.024595726f,
    -0.22718275f, 0.32964924f, 0.7518414f, -0.44547382f, 0.44292107f, -0.75145596f, -0.7370172f, 0.38945386f,
    0.4658312f, -0.6601099f, -0.119931564f, -0.17149736f, -0.24610513f, 0.6989527f, 0.4028942f, -0.14680313f
};
static const float iris_1_bias_1[] = {
    -0.38086805f, 0.41585922f, -0.38500094f
};
static const double iris_2_shift[] = {
    5.8225, 3.0275, 3.7625, 1.19
};
static const double iris_2_scale[] = {
    0.7873438998726457, 0.42738789953234124, 1.723758611291036, 0.7489325737341113
};
static const float iris_2_weights_0[] = {
    -1.6929787f, 1.1101189f, 1.166782f, 0.2470334f, 0.113961704f, 0.49741587f, 0.22655618f, 0.12126561f,
    -0.037086323f, 0.2895849f, 0.8267587f, -0.40616196f, -0.40860462f, -1.893562f, 0.31688118f, -0.40397143f,
    0.15878366f, 0.15712546f, -0.032778993f, -0.38085273f, 0.9169801f, -0.7304078f, -0.4399674f, -0.5003221f,
    -1.7259662f, 0.27496433f, 0.46768212f, 0.029700138f, -0.66187793f, 0.83947504f, -0.3825269f, -1.0989032f,
    -0.66550726f, 0.5690504f, 1.2136549f, -0.38048688f, 0.032932345f, -0.20255436f, 1.0208012f, 1.0762266f,
    0.2249711f, -0.43088707f, -0.5210533f, 0.093612514f, 1.1352203f, 0.31554073f, 0.64997566f, -1.211108f,
    -0.83579135f, 0.1309113f, -1.052351f, -0.16003822f, 0.43300292f, -0.43864658f, 1.279388f, 0.48821527f,
    1.278505f, 2.3334696f, 0.44014466f, -0.020070711f, 0.9292506f, -0.5678886f, -1.13456f, 1.0449144f
};
static const float iris_2_bias_0[] = {
    0.5294666f, -0.19756971f, -0.36896586f, 0.17054589f, 0.37369573f, 0.0709687f, 0.5326003f, -0.5474383f,
    0.7056575f, -0.4268822f, -0.12440562f, -0.33144993f, 0.16008945f, 0.5974979f, 0.6405769f, -0.20972565f
};
static const float iris_2_weights_1[] = {
    0.22047932f, -0.68102926f, -0.917365f, 0.25387472f, 0.09263545f, 0.078912504f, -0.14113124f, -0.050203826f,
    0.5683745f, 0.24880403f, 0.62551105f, -0.6128601f, 0.11219705f, 0.48250794f, -0.16554049f, 0.1971562f,
    0.37872043f, -0.15228407f, -0.017551221f, 0.7160852f, 0.8577586f, -0.16036181f, -0.8100738f, 0.39850083f,
    -0.48222297f, 0.34752756f, 0.46872002f, -0.39402354f, -0.21297438f, 0.5403336f, -0.046951864f, 0.06893145f,
    -0.20225194f, -0.1906454f, -0.058080714f, -0.22578475f, -0.92442787f, 0.028855797f, 0.72256255f, 0.20849425f,
    -0.42703804f, -0.88592815f, -0.59492385f, 0.78661627f, -1.1174749f, -0.04415496f, -0.038842924f, -0.034148768f
};
static const float iris_2_bias_1[] = {
    0.17369264f, 0.45929253f, -0.52305156f
};
static const double iris_3_shift[] = {
    5.854166666666667, 3.06, 3.7616666666666667, 1.2
};
static const double iris_3_scale[] = {
    0.8396324427324667, 0.4259107887809371, 1.7645199221192023, 0.7703895118704563
};
static const float iris_3_weights_0[] = {
    0.2802431f, -0.15927854f, -1.9316257f, -0.4506699f, 0.64013946f, 0.44888544f, -0.37144446f, 1.0087466f,
    -0.15952148f, -0.33248597f, 0.12680553f, 1.0014066f, 0.17327034f, 0.2991932f, 0.11678263f, 0.5326506f,
    -0.07454649f, -1.0407131f, 0.7577315f, -0.46914995f, -0.18107463f, 1.6079317f, -0.29004684f, -0.876676f,
    0.21258153f, 0.38671842f, -1.0806279f, 1.3553003f, -0.26806188f, -0.48999602f, -0.826263f, -1.3651172f,
    0.5716451f, -0.24911965f, -0.6297972f, 0.09751542f, 0.40598452f, -2.0919538f, -0.9806664f, 0.16840816f,
    0.3743011f, -0.24597402f, -1.1864865f, 0.8019301f, -0.36565349f, 0.25806698f, 0.41819632f, 0.09472337f,
    0.0424981f, -1.0649316f, 0.6160207f, 1.9363304f, 1.2863792f, 1.6037372f, -0.9708067f, 0.036193f,
    -0.14546372f, -0.31742063f, -0.45185408f, 0.8724154f, 0.6223797f, 0.64350885f, 1.4351157f, -0.43931383f
};
static const float iris_3_bias_0[] = {
    -0.3541156f, 0.31603178f, 0.551477f, 0.18057698f, -0.351292f, 0.0858503f, -0.20552966f, 0.587969f,
    -0.20158336f, 0.06669733f, 0.61287534f, 0.061030414f, 0.74037725f, -0.35412198f, -0.5637898f, 0.6080716f
};
static const float iris_3_weights_1[] = {
    -0.22411415f, -0.47466576f, 0.26401004f, 0.30615765f, -0.02719943f, -0.87349826f, 0.16837443f, -0.14071016f,
    -0.70512426f, -0.751552f, -0.011735559f, 0.9520767f, 0.14630724f, -0.05840774f, 0.91680473f, 0.62083054f,
    -0.18256536f, -0.28932577f, -0.12014537f, -1.0838624f, -0.19176225f, -0.8707761f, 0.4171493f, -0.033803493f,
    -0.16727933f, -0.16245526f, -0.22264704f, 0.7821142f, -0.3070106f, -0.41437435f, 0.49632415f, 0.43148142f,
    -0.41543892f, -0.31561875f, 0.14419638f, 0.1600486f, -0.48752224f, 1.2156838f, -0.061111867f, 0.33004564f,
    -0.67966956f, 0.2758325f, -0.11075855f, -0.39850864f, 0.97513187f, 0.0028012455f, 0.8767526f, 0.31990635f
};
static const float iris_3_bias_1[] = {
    -0.056314223f, 0.49645525f, -0.5151277f
};
static const double iris_4_shift[] = {
    5.860833333333334, 3.0458333333333334, 3.7666666666666666, 1.2033333333333334
};
static const double iris_4_scale[] = {
    0.8491462215399392, 0.43929789310772815, 1.767782666380558, 0.7614605848119929
};
static const float iris_4_weights_0[] = {
    0.4694765f, 0.69012976f, 0.6827277f, 0.56711197f, 0.11826302f, 0.33466318f, -0.5152839f, -1.0081939f,
    -0.5979254f, 0.31015697f, 0.9488301f, -0.8611248f, -0.18406881f, -1.5353572f, -1.1276505f, 0.079888195f,
    0.72548556f, -0.52803916f, -0.3670513f, -0.5930072f, 0.16515186f, -0.93799263f, -0.12603468f, 0.5470533f,
    -0.12375552f, -0.78149813f, 0.5225752f, -0.63939416f, 1.5562788f, -0.22779593f, -0.12100383f, -0.5047815f,
    0.087188944f, -0.38286963f, 1.160287f, 1.6099056f, -0.86885935f, 0.15168013f, -0.33015797f, -0.62907994f,
    -0.4362282f, 0.49278465f, -1.0281843f, -0.29067856f, -0.48948345f, 0.3237916f, -0.7685884f, -0.41945612f,
    -0.8275819f, -0.528455f, 0.17131189f, 1.5216802f, -0.6723505f, -0.5184001f, -0.99494207f, -0.50301874f,
    -1.8878174f, -0.28992894f, 0.14590839f, -0.16418622f, 1.1734166f, 0.35277003f, -0.31656945f, -0.701766f
};
static const float iris_4_bias_0[] = {
    1.005993f, 0.69600374f, -0.37627923f, 0.33951643f, -0.015067912f, 0.6136414f, 0.20311774f, -0.04119344f,
    -0.24353594f, 0.71447504f, 0.5016338f, 0.059864912f, -0.14939249f, -0.2991664f, 0.3454369f, -0.21299057f
};
static const float iris_4_weights_1[] = {
    0.45344096f, 0.5761806f, -0.62629765f, -0.19661576f, 0.9847745f, -0.21817839f, -0.6157773f, -0.8214416f,
    0.776263f, -0.8624117f, 0.35022873f, 1.1755753f, 0.45272335f, -0.055846855f, 0.19543083f, -0.9073221f,
    0.39311036f, -0.33683443f, 0.2564854f, 0.43742386f, -0.28582457f, 0.6293045f, -0.41631296f, -0.06357006f,
    0.30271342f, -0.39204013f, -0.06310855f, -0.5432265f, 0.4332654f, 0.15012915f, 0.20339201f, 0.50674295f,
    -0.49025434f, -0.36384845f, -0.26836228f, -0.42328712f, 0.070870884f, -0.4729859f, 0.061833873f, -0.03483811f,
    -0.49680045f, 0.31484497f, 0.54877704f, 0.005889511f, -0.48097077f, -0.15919271f, -0.5015573f, -0.49934152f
};
static const float iris_4_bias_1[] = {
    -0.06777809f, 0.4619608f, -0.44015405f
};

/* See above. */
static inline int iris_predict(const double cells[IRIS_N_CELLS], double outputs[IRIS_N_OUTPUTS]) {
    double x[4];
    float a[16], b[16];
    int i;
    for (i = 0; i < IRIS_N_OUTPUTS; i++) outputs[i] = 0.0;
    for (i = 0; i < IRIS_N_CELLS; i++) {
        if (cells[i] > DBL_MAX || cells[i] < -DBL_MAX) return 0;
    }
    /* Network 1. */
    x[0] = cells[IRIS_SEPAL_LENGTH] != cells[IRIS_SEPAL_LENGTH] ? 5.7 : cells[IRIS_SEPAL_LENGTH];
    x[1] = cells[IRIS_SEPAL_WIDTH] != cells[IRIS_SEPAL_WIDTH] ? 3.0 : cells[IRIS_SEPAL_WIDTH];
    x[2] = cells[IRIS_PETAL_LENGTH] != cells[IRIS_PETAL_LENGTH] ? 4.2 : cells[IRIS_PETAL_LENGTH];
    x[3] = cells[IRIS_PETAL_WIDTH] != cells[IRIS_PETAL_WIDTH] ? 1.3 : cells[IRIS_PETAL_WIDTH];
    iris_affine(x, 4, iris_0_shift, iris_0_scale);
    for (i = 0; i < 4; i++) a[i] = iris_input(x[i]);
    iris_dense(iris_0_weights_0, iris_0_bias_0, 4, 16, a, b);
    iris_relu(b, 16);
    iris_dense(iris_0_weights_1, iris_0_bias_1, 16, 3, b, a);
    iris_softmax(a, 3);
    for (i = 0; i < 3; i++) outputs[i] += (double)a[i];
    /* Network 2. */
    x[0] = cells[IRIS_SEPAL_LENGTH] != cells[IRIS_SEPAL_LENGTH] ? 5.8 : cells[IRIS_SEPAL_LENGTH];
    x[1] = cells[IRIS_SEPAL_WIDTH] != cells[IRIS_SEPAL_WIDTH] ? 3.0 : cells[IRIS_SEPAL_WIDTH];
    x[2] = cells[IRIS_PETAL_LENGTH] != cells[IRIS_PETAL_LENGTH] ? 4.3 : cells[IRIS_PETAL_LENGTH];
    x[3] = cells[IRIS_PETAL_WIDTH] != cells[IRIS_PETAL_WIDTH] ? 1.3 : cells[IRIS_PETAL_WIDTH];
    iris_affine(x, 4, iris_1_shift, iris_1_scale);
    for (i = 0; i < 4; i++) a[i] = iris_input(x[i]);
    iris_dense(iris_1_weights_0, iris_1_bias_0, 4, 16, a, b);
    iris_relu(b, 16);
    iris_dense(iris_1_weights_1, iris_1_bias_1, 16, 3, b, a);
    iris_softmax(a, 3);
    for (i = 0; i < 3; i++) outputs[i] += (double)a[i];
    /* Network 3. */
    x[0] = cells[IRIS_SEPAL_LENGTH] != cells[IRIS_SEPAL_LENGTH] ? 5.8 : cells[IRIS_SEPAL_LENGTH];
    x[1] = cells[IRIS_SEPAL_WIDTH] != cells[IRIS_SEPAL_WIDTH] ? 3.0 : cells[IRIS_SEPAL_WIDTH];
    x[2] = cells[IRIS_PETAL_LENGTH] != cells[IRIS_PETAL_LENGTH] ? 4.4 : cells[IRIS_PETAL_LENGTH];
    x[3] = cells[IRIS_PETAL_WIDTH] != cells[IRIS_PETAL_WIDTH] ? 1.3 : cells[IRIS_PETAL_WIDTH];
    iris_affine(x, 4, iris_2_shift, iris_2_scale);
    for (i = 0; i < 4; i++) a[i] = iris_input(x[i]);
    iris_dense(iris_2_weights_0, iris_2_bias_0, 4, 16, a, b);
    iris_relu(b, 16);
    iris_dense(iris_2_weights_1, iris_2_bias_1, 16, 3, b, a);
    iris_softmax(a, 3);
    for (i = 0; i < 3; i++) outputs[i] += (double)a[i];
    /* Network 4. */
    x[0] = cells[IRIS_SEPAL_LENGTH] != cells[IRIS_SEPAL_LENGTH] ? 5.8 : cells[IRIS_SEPAL_LENGTH];
    x[1] = cells[IRIS_SEPAL_WIDTH] != cells[IRIS_SEPAL_WIDTH] ? 3.0 : cells[IRIS_SEPAL_WIDTH];
    x[2] = cells[IRIS_PETAL_LENGTH] != cells[IRIS_PETAL_LENGTH] ? 4.3 : cells[IRIS_PETAL_LENGTH];
    x[3] = cells[IRIS_PETAL_WIDTH] != cells[IRIS_PETAL_WIDTH] ? 1.3 : cells[IRIS_PETAL_WIDTH];
    iris_affine(x, 4, iris_3_shift, iris_3_scale);
    for (i = 0; i < 4; i++) a[i] = iris_input(x[i]);
    iris_dense(iris_3_weights_0, iris_3_bias_0, 4, 16, a, b);
    iris_relu(b, 16);
    iris_dense(iris_3_weights_1, iris_3_bias_1, 16, 3, b, a);
    iris_softmax(a, 3);
    for (i = 0; i < 3; i++) outputs[i] += (double)a[i];
    /* Network 5. */
    x[0] = cells[IRIS_SEPAL_LENGTH] != cells[IRIS_SEPAL_LENGTH] ? 5.8 : cells[IRIS_SEPAL_LENGTH];
    x[1] = cells[IRIS_SEPAL_WIDTH] != cells[IRIS_SEPAL_WIDTH] ? 3.0 : cells[IRIS_SEPAL_WIDTH];
    x[2] = cells[IRIS_PETAL_LENGTH] != cells[IRIS_PETAL_LENGTH] ? 4.4 : cells[IRIS_PETAL_LENGTH];
    x[3] = cells[IRIS_PETAL_WIDTH] != cells[IRIS_PETAL_WIDTH] ? 1.3 : cells[IRIS_PETAL_WIDTH];
    iris_affine(x, 4, iris_4_shift, iris_4_scale);
    for (i = 0; i < 4; i++) a[i] = iris_input(x[i]);
    iris_dense(iris_4_weights_0, iris_4_bias_0, 4, 16, a, b);
    iris_relu(b, 16);
    iris_dense(iris_4_weights_1, iris_4_bias_1, 16, 3, b, a);
    iris_softmax(a, 3);
    for (i = 0; i < 3; i++) outputs[i] += (double)a[i];
    for (i = 0; i < IRIS_N_OUTPUTS; i++) {
        outputs[i] /= 5.0;
        if (!(outputs[i] <= DBL_MAX && outputs[i] >= -DBL_MAX)) return 0;
    }
    return 1;
}

/* A column that is read. Texts are in UTF-8. */
struct iris_column {
    const char *name;
    char kind;                 /* 'n' for numbers, 'b' for 1 or 0, 'c' for categories, 'd' for dates */
    enum iris_cell cell;          /* the first of four for dates */
    double least, most;        /* of numbers in training; 1 and 0 where that is not known */
    double usual;              /* what a missing cell counts as; days since 1970-01-01 for dates */
    double earliest;           /* the date whose first cell is 0, in days; the others are month, weekday from Monday and hour, all from 0 */
    int n_levels;
    const char *const *levels; /* of categories: a cell is the place of its text here, or -1 */
};

/* What is predicted, and from what. */
struct iris_model {
    const char *target;
    const char *const *classes; /* of each output; 0 where a number is predicted */
    double half_width_90;       /* 9 of 10 numbers are within outputs[0] - and + this; 0 where that is not known */
    int n_columns;
    const struct iris_column *columns;
};
static inline const struct iris_model *iris_about(void) {
    static const struct iris_column columns[] = {
        {"sepal_length", 'n', IRIS_SEPAL_LENGTH, 4.3, 7.9, 5.7, 0.0, 0, 0},
        {"sepal_width", 'n', IRIS_SEPAL_WIDTH, 2.0, 4.4, 3.0, 0.0, 0, 0},
        {"petal_length", 'n', IRIS_PETAL_LENGTH, 1.0, 6.9, 4.2, 0.0, 0, 0},
        {"petal_width", 'n', IRIS_PETAL_WIDTH, 0.1, 2.5, 1.3, 0.0, 0, 0},
    };
    static const struct iris_model about = {"species", iris_classes, 0.0, 4, columns};
    return &about;
}

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC pop_options
#endif
#ifdef __cplusplus
}
#endif
#endif
