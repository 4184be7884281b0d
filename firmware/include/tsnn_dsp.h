/* SPDX-License-Identifier: Apache-2.0 */
/* Arithmetic on two 16-bit values in a word: one instruction each on cores with the DSP extension
 * (ARMv7E-M, ARMv8-M Main with DSP), plain C elsewhere, with the same results. */
#ifndef TSNN_DSP_H_INCLUDED
#define TSNN_DSP_H_INCLUDED

#include <stdint.h>

/** The low half of a word, signed. */
static inline int32_t tsnn_low16(uint32_t pair)
{
    return (int16_t)(uint16_t)pair;
}

/** The high half of a word, signed. */
static inline int32_t tsnn_high16(uint32_t pair)
{
    return (int32_t)pair >> 16;
}

/** Both halves from values that fit them. */
static inline uint32_t tsnn_pack16(int32_t low, int32_t high)
{
    return ((uint32_t)low & 0xFFFFu) | ((uint32_t)high << 16);
}

#if defined(__ARM_FEATURE_DSP) && (__ARM_FEATURE_DSP == 1)

#define TSNN_DSP_ACCUMULATE(name, instruction) \
    static inline int32_t name(uint32_t a, uint32_t b, int32_t sum) \
    { \
        int32_t result; \
        __asm__(instruction " %0, %1, %2, %3" : "=r"(result) : "r"(a), "r"(b), "r"(sum)); \
        return result; \
    }

#define TSNN_DSP_HALVES(name, instruction) \
    static inline uint32_t name(uint32_t a, uint32_t b) \
    { \
        uint32_t result; \
        __asm__(instruction " %0, %1, %2" : "=r"(result) : "r"(a), "r"(b)); \
        return result; \
    }

TSNN_DSP_ACCUMULATE(tsnn_smlabb, "smlabb") /**< sum + a.low b.low */
TSNN_DSP_ACCUMULATE(tsnn_smlatt, "smlatt") /**< sum + a.high b.high */
TSNN_DSP_ACCUMULATE(tsnn_smlad, "smlad")   /**< sum + a.low b.low + a.high b.high */
TSNN_DSP_ACCUMULATE(tsnn_smlsdx, "smlsdx") /**< sum + a.low b.high - a.high b.low */
TSNN_DSP_HALVES(tsnn_shadd16, "shadd16")   /**< (a + b) >> 1 in both halves */
TSNN_DSP_HALVES(tsnn_shsub16, "shsub16")   /**< (a - b) >> 1 in both halves */
TSNN_DSP_HALVES(tsnn_shsax, "shsax")       /**< (a.low + b.high) >> 1, (a.high - b.low) >> 1 */
TSNN_DSP_HALVES(tsnn_shasx, "shasx")       /**< (a.low - b.high) >> 1, (a.high + b.low) >> 1 */

/** Both halves from values that fit them when shifted right by 15. */
static inline uint32_t tsnn_pack16_q15(int32_t low, int32_t high)
{
    uint32_t result;
    __asm__("pkhbt %0, %1, %2, lsl #1" : "=r"(result) : "r"(low >> 15), "r"(high));
    return result;
}

/** Turn b (SPEC.md 5.1 step 3), then (a + b) >> 1 and (a - b) >> 1 in both halves. */
static inline void tsnn_butterfly(uint32_t *a, uint32_t *b, uint32_t turn)
{
    const uint32_t t = tsnn_pack16_q15(tsnn_smlad(*b, turn, 16384), tsnn_smlsdx(turn, *b, 16384));
    *b = tsnn_shsub16(*a, t);
    *a = tsnn_shadd16(*a, t);
}

/** Power of a bin of a transform of real samples whose even and odd ones were transformed together:
 *  z[k], z[n - k] and the turn by k (SPEC.md 5.1 step 4). */
static inline uint32_t tsnn_real_power(uint32_t a, uint32_t b, uint32_t turn)
{
    const uint32_t sum = tsnn_shadd16(a, b);  /* even re, odd re */
    const uint32_t back = tsnn_shsub16(b, a); /* odd im */
    const uint32_t odd = (sum >> 16) | (back << 16);
    const int32_t even_im = tsnn_high16(tsnn_shsub16(a, b));
    const int32_t re = tsnn_low16(sum) + (tsnn_smlad(odd, turn, 16384) >> 15);
    const int32_t im = even_im + (tsnn_smlsdx(turn, odd, 16384) >> 15);
    return (uint32_t)(re * re + im * im);
}

static inline int32_t tsnn_clip16(int32_t x)
{
    int32_t result;
    __asm__("ssat %0, #16, %1" : "=r"(result) : "r"(x));
    return result;
}

#else

static inline int32_t tsnn_smlabb(uint32_t a, uint32_t b, int32_t sum)
{
    return sum + tsnn_low16(a) * tsnn_low16(b);
}

static inline int32_t tsnn_smlatt(uint32_t a, uint32_t b, int32_t sum)
{
    return sum + tsnn_high16(a) * tsnn_high16(b);
}

static inline int32_t tsnn_smlad(uint32_t a, uint32_t b, int32_t sum)
{
    return tsnn_smlatt(a, b, tsnn_smlabb(a, b, sum));
}

static inline int32_t tsnn_smlsdx(uint32_t a, uint32_t b, int32_t sum)
{
    return sum + tsnn_low16(a) * tsnn_high16(b) - tsnn_high16(a) * tsnn_low16(b);
}

/* Halves are averaged as unsigned ones, 2^15 higher: no carry leaves them. */

static inline uint32_t tsnn_shadd16(uint32_t a, uint32_t b)
{
    const uint32_t common = (a ^ 0x80008000u) & (b ^ 0x80008000u);
    return (common + (((a ^ b) & 0xFFFEFFFEu) >> 1)) ^ 0x80008000u;
}

static inline uint32_t tsnn_shsub16(uint32_t a, uint32_t b)
{
    const uint32_t either = (a ^ 0x80008000u) | (b ^ 0x7FFF7FFFu);
    return (either - ((~(a ^ b) & 0xFFFEFFFEu) >> 1)) ^ 0x80008000u;
}

static inline uint32_t tsnn_shsax(uint32_t a, uint32_t b)
{
    return tsnn_pack16((tsnn_low16(a) + tsnn_high16(b)) >> 1,
                       (tsnn_high16(a) - tsnn_low16(b)) >> 1);
}

static inline uint32_t tsnn_shasx(uint32_t a, uint32_t b)
{
    return tsnn_pack16((tsnn_low16(a) - tsnn_high16(b)) >> 1,
                       (tsnn_high16(a) + tsnn_low16(b)) >> 1);
}

static inline void tsnn_butterfly(uint32_t *a, uint32_t *b, uint32_t turn)
{
    const int32_t re = tsnn_smlad(*b, turn, 16384) >> 15;
    const int32_t im = tsnn_smlsdx(turn, *b, 16384) >> 15;
    const int32_t low = tsnn_low16(*a);
    const int32_t high = tsnn_high16(*a);
    *b = tsnn_pack16((low - re) >> 1, (high - im) >> 1);
    *a = tsnn_pack16((low + re) >> 1, (high + im) >> 1);
}

static inline uint32_t tsnn_real_power(uint32_t a, uint32_t b, uint32_t turn)
{
    const int32_t cos = tsnn_low16(turn);
    const int32_t sin = tsnn_high16(turn);
    const int32_t odd_re = (tsnn_high16(a) + tsnn_high16(b)) >> 1;
    const int32_t odd_im = (tsnn_low16(b) - tsnn_low16(a)) >> 1;
    const int32_t re =
        ((tsnn_low16(a) + tsnn_low16(b)) >> 1) + ((odd_re * cos + odd_im * sin + 16384) >> 15);
    const int32_t im =
        ((tsnn_high16(a) - tsnn_high16(b)) >> 1) + ((odd_im * cos - odd_re * sin + 16384) >> 15);
    return (uint32_t)(re * re + im * im);
}

static inline int32_t tsnn_clip16(int32_t x)
{
    const int32_t low = (x < INT16_MIN) ? INT16_MIN : x;
    return (low > INT16_MAX) ? INT16_MAX : low;
}

#endif

/** (a + b) >> 1 and (a - b) >> 1 in both halves. */
static inline void tsnn_butterfly_straight(uint32_t *a, uint32_t *b)
{
    const uint32_t difference = tsnn_shsub16(*a, *b);
    *a = tsnn_shadd16(*a, *b);
    *b = difference;
}

/** Place of the highest bit that is set; value is not 0. */
static inline uint32_t tsnn_highest_bit(uint32_t value)
{
#if defined(__ARM_FEATURE_CLZ)
    return 31u - (uint32_t)__builtin_clz(value);
#else
    uint32_t place = 0u;
    uint32_t rest = value;
    for (uint32_t bits = 16u; bits > 0u; bits /= 2u) {
        if ((rest >> bits) != 0u) {
            rest >>= bits;
            place += bits;
        }
    }
    return place;
#endif
}

#endif /* TSNN_DSP_H_INCLUDED */
