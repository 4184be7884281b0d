/* SPDX-License-Identifier: Apache-2.0 */
/* Arithmetic that generated models are made of: SPEC.md 1.2 and 1.3, and events from spikes. */
#ifndef TSNN_KERNEL_H_INCLUDED
#define TSNN_KERNEL_H_INCLUDED

#include "tsnn.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Decay that keeps everything: 1 in Q0.16. */
#define TSNN_ONE_Q16 65536u

/** Clip to 16-bit state. */
static inline int32_t tsnn_sat16(int32_t x)
{
    int32_t y = x;
    if (y > 32767) {
        y = 32767;
    }
    if (y < -32768) {
        y = -32768;
    }
    return y;
}

/** Clip to 32-bit state, which uses 31 bits: a sum of two never wraps. */
static inline int32_t tsnn_sat32(int32_t x)
{
    int32_t y = x;
    if (y > 1073741823) {
        y = 1073741823;
    }
    if (y < -1073741824) {
        y = -1073741824;
    }
    return y;
}

/** (v * decay + 2^15) >> 16 for 16-bit v; decay in Q0.16, 0..65536. */
static inline int32_t tsnn_leak16_nearest(int32_t v, uint32_t decay)
{
    return ((v * (int32_t)decay) + 32768) >> 16;
}

/** v * decay / 2^16 rounded towards zero, for 16-bit v. */
static inline int32_t tsnn_leak16_zero(int32_t v, uint32_t decay)
{
    int32_t product = v * (int32_t)decay;
    /* cppcheck-suppress shiftTooManyBitsSigned ; tsnn.h asserts what such a shift does */
    return (product + ((product >> 31) & 65535)) >> 16;
}

/** (v * decay + 2^15) >> 16 for 32-bit state, in two 16-bit halves: no 64-bit product needed. */
static inline int32_t tsnn_leak32_nearest(int32_t v, uint32_t decay)
{
    uint32_t low = (((uint32_t)v & 65535u) * decay) + 32768u;
    return ((v >> 16) * (int32_t)decay) + (int32_t)(low >> 16);
}

/** v * decay / 2^16 rounded towards zero, for 32-bit state. */
static inline int32_t tsnn_leak32_zero(int32_t v, uint32_t decay)
{
    uint32_t size = (v < 0) ? (0u - (uint32_t)v) : (uint32_t)v;
    uint32_t left = ((size >> 16) * decay) + (((size & 65535u) * decay) >> 16);
    return (v < 0) ? -(int32_t)left : (int32_t)left;
}

/** Decay of twice as many ticks: (p * p + 2^15) >> 16. */
static inline uint32_t tsnn_square_decay(uint32_t p)
{
    return (p == TSNN_ONE_Q16) ? p : (((p * p) + 32768u) >> 16);
}

/** The bit of neuron j in its word of spikes: even neurons in the low half, odd in the high. */
static inline uint32_t tsnn_spike_bit(uint32_t j)
{
    return 1u << (((j & 31u) >> 1) + ((j & 1u) << 4));
}

/** The smaller of two numbers. */
static inline uint32_t tsnn_least(uint32_t a, uint32_t b)
{
    return (a < b) ? a : b;
}

/** The smaller of two signed numbers. */
static inline int32_t tsnn_least_signed(int32_t a, int32_t b)
{
    return (a < b) ? a : b;
}

/** The larger of two signed numbers. */
static inline int32_t tsnn_most_signed(int32_t a, int32_t b)
{
    return (a > b) ? a : b;
}

/** Two 16-bit values of neighbouring neurons, the even one in the low half; may alias an array. */
typedef uint32_t __attribute__((may_alias)) tsnn_pair_t;
/** One half of such a pair. */
typedef uint16_t __attribute__((may_alias)) tsnn_lane_t;

/** What tsnn_gather does, in assembly. */
typedef uint32_t tsnn_list_kernel_t(const uint32_t *spikes, uint32_t n_words, uint32_t first_row,
                                    uint16_t *events);

/** The synapses of a layer for an assembly kernel, in blocks of neurons. */
typedef struct {
    const uint32_t *table; /**< blocks of rows of words of weights */
    uint32_t block_bytes;  /**< bytes of one block, all rows */
    uint32_t n_blocks;
} tsnn_rows_t;

/** Add up the rows of a tick's events: sums of two neighbouring neurons per word. */
typedef void tsnn_rows_kernel_t(const tsnn_rows_t *rows, const uint16_t *events, uint32_t n_events,
                                uint32_t *sums);

/** The neurons of a layer for an assembly kernel: what is the same for all, and the rest. */
typedef struct {
    uint32_t n_pairs;       /**< half the number of neurons */
    uint32_t decay;         /**< as the kernel wants it */
    uint32_t theta;         /**< threshold, as the kernel wants it */
    uint32_t reset_to;      /**< membranes after a reset, two halves */
    const uint32_t *tables; /**< what differs from neuron to neuron, or NULL */
} tsnn_neurons_t;

/** Update membranes by sums, and note who fired; `constant`: what all sums lack. */
typedef void tsnn_neurons_kernel_t(int16_t *v, const uint32_t *sums, uint32_t *spikes,
                                   uint32_t constant, const tsnn_neurons_t *neurons);

/** 1 if any neuron fired. */
static inline uint32_t tsnn_any(const uint32_t *spikes, uint32_t n_words)
{
    uint32_t any = 0u;
    for (uint32_t w = 0u; w < n_words; w++) {
        any |= spikes[w];
    }
    return (any != 0u) ? 1u : 0u;
}

/** A constant that the compiler shall keep in a register, so that it can shift the other operand.
 */
static inline uint32_t tsnn_in_register(uint32_t constant)
{
    uint32_t value = constant;
    __asm__("" : "+r"(value));
    return value;
}

/** The same 16-bit value in both halves. */
static inline uint32_t tsnn_pair(int32_t value)
{
    uint32_t low = (uint32_t)value & 65535u;
    return low | (low << 16);
}

#if defined(__ARM_ARCH_7M__) || defined(__ARM_ARCH_7EM__) || defined(__ARM_ARCH_8M_MAIN__)
#define TSNN_HAS_LDRD 1
#else
#define TSNN_HAS_LDRD 0
#endif

/** Read two words. */
static inline void tsnn_read_two(const uint32_t *from, uint32_t *a, uint32_t *b)
{
#if TSNN_HAS_LDRD
    __asm__("ldrd %0, %1, [%2]" : "=r"(*a), "=r"(*b) : "r"(from), "m"(from[0]), "m"(from[1]));
#else
    *a = from[0];
    *b = from[1];
#endif
}

/** Read two words and step over them. */
static inline const uint32_t *tsnn_take_two(const uint32_t *from, uint32_t *a, uint32_t *b)
{
    const uint32_t *next = from;
#if TSNN_HAS_LDRD
    __asm__("ldrd %0, %1, [%2], #8"
            : "=&r"(*a), "=&r"(*b), "+r"(next)
            : "m"(from[0]), "m"(from[1]));
#else
    *a = next[0];
    *b = next[1];
    next += 2;
#endif
    return next;
}

/** Write two words, neither of which is the address itself, and step over them. */
static inline tsnn_pair_t *tsnn_put_two(tsnn_pair_t *to, uint32_t a, uint32_t b)
{
    tsnn_pair_t *next = to;
#if TSNN_HAS_LDRD
    __asm__("strd %2, %3, [%0], #8" : "+r"(next), "=m"(*(tsnn_pair_t(*)[2])to) : "r"(a), "r"(b));
#else
    next[0] = a;
    next[1] = b;
    next += 2;
#endif
    return next;
}

/** Add two unsigned 16-bit lanes, times 2^gain_log2 and less excess, to 32-bit sums. */
static inline void tsnn_widen(int32_t *sums, uint32_t lanes, uint32_t gain_log2, int32_t excess)
{
    sums[0] += (int32_t)((lanes & 65535u) << gain_log2) - excess;
    sums[1] += (int32_t)((lanes >> 16) << gain_log2) - excess;
}

/** Position of the lowest bit that is set; x must not be 0. */
static inline uint32_t tsnn_lowest_bit(uint32_t x)
{
#if defined(__ARM_ARCH_6M__) || defined(__ARM_ARCH_8M_BASE__)
    /* No count-leading-zeros here: a de Bruijn sequence numbers the bits. */
    static const uint8_t position[32u] = {0u,  1u,  28u, 2u,  29u, 14u, 24u, 3u,  30u, 22u, 20u,
                                          15u, 25u, 17u, 4u,  8u,  31u, 27u, 13u, 23u, 21u, 19u,
                                          16u, 7u,  26u, 12u, 18u, 6u,  11u, 5u,  10u, 9u};
    return position[((x & (0u - x)) * 0x077CB531u) >> 27];
#else
    return (uint32_t)__builtin_ctz(x);
#endif
}

/** List the rows of the neurons that fired: within 32 neurons the even ones first.
 *
 * @param[in]  spikes    neurons 32 w to 32 w + 31 in word w, see tsnn_spike_bit; shape [n_words]
 * @param[in]  n_words   number of words
 * @param[in]  first_row row of neuron 0
 * @param[out] events    rows of the neurons that fired; shape [number of neurons]
 * @return number of events written
 */
static inline uint32_t tsnn_gather(const uint32_t *spikes, uint32_t n_words, uint32_t first_row,
                                   uint16_t *events)
{
    uint16_t *event = events;
    uint32_t row = first_row;
    for (const uint32_t *word = spikes; word != &spikes[n_words]; word++) {
        uint32_t left = *word;
        while (left != 0u) {
            uint32_t bit = tsnn_lowest_bit(left);
            *event = (uint16_t)(row + ((bit & 15u) << 1) + (bit >> 4));
            event++;
            left &= left - 1u;
        }
        row += 32u;
    }
    return (uint32_t)(event - events);
}

/** The same in ascending order, for the outputs of a model. */
static inline uint32_t tsnn_gather_ascending(const uint32_t *spikes, uint32_t n_words,
                                             uint16_t *events)
{
    uint32_t count = 0u;
    for (uint32_t w = 0u; w < n_words; w++) {
        uint32_t left = spikes[w];
        while (left != 0u) {
            uint32_t pair = tsnn_lowest_bit((left | (left >> 16)) & 65535u);
            if (((left >> pair) & 1u) != 0u) {
                events[count] = (uint16_t)((w * 32u) + (pair << 1));
                count++;
            }
            if (((left >> (pair + 16u)) & 1u) != 0u) {
                events[count] = (uint16_t)((w * 32u) + (pair << 1) + 1u);
                count++;
            }
            left &= ~(0x00010001u << pair);
        }
    }
    return count;
}

/** Sign-extend bytes 0 and 2 of w to 16 bits and add them to the two lanes of sums. */
static inline uint32_t tsnn_sxtab16(uint32_t sums, uint32_t w)
{
#if defined(__ARM_FEATURE_DSP) && (__ARM_FEATURE_DSP == 1)
    uint32_t result;
    __asm__("sxtab16 %0, %1, %2" : "=r"(result) : "r"(sums), "r"(w));
    return result;
#else
    int32_t low = (int8_t)(w & 255u);
    int32_t high = (int8_t)((w >> 16) & 255u);
    return ((sums + (uint32_t)low) & 65535u) | (((sums >> 16) + (uint32_t)high) << 16);
#endif
}

/** The same for bytes 1 and 3. */
static inline uint32_t tsnn_sxtab16_odd(uint32_t sums, uint32_t w)
{
#if defined(__ARM_FEATURE_DSP) && (__ARM_FEATURE_DSP == 1)
    uint32_t result;
    __asm__("sxtab16 %0, %1, %2, ror #8" : "=r"(result) : "r"(sums), "r"(w));
    return result;
#else
    return tsnn_sxtab16(sums, w >> 8);
#endif
}

/** sum + (signed low half of pair) * value, for 16-bit value. */
static inline int32_t tsnn_add_product_low(int32_t sum, uint32_t pair, int32_t value)
{
    return sum + (value * (int32_t)(int16_t)(pair & 65535u));
}

/** sum + (signed high half of pair) * value, for 16-bit value. */
static inline int32_t tsnn_add_product_high(int32_t sum, uint32_t pair, int32_t value)
{
#if defined(__ARM_FEATURE_DSP) && (__ARM_FEATURE_DSP == 1)
    int32_t result;
    __asm__("smlatb %0, %1, %2, %3" : "=r"(result) : "r"(pair), "r"(value), "r"(sum));
    return result;
#else
    return sum + (value * ((int32_t)pair >> 16));
#endif
}

#if defined(__ARM_FEATURE_DSP) && (__ARM_FEATURE_DSP == 1)
#define TSNN_DSP2(name, a, b) \
    uint32_t result; \
    __asm__(name " %0, %1, %2" : "=r"(result) : "r"(a), "r"(b)); \
    return result
#else
/** Both signed halves of a pair. */
static inline int32_t tsnn_low(uint32_t pair)
{
    return (int16_t)(pair & 65535u);
}
static inline int32_t tsnn_high(uint32_t pair)
{
    return (int16_t)(pair >> 16);
}
/** Two values, of which the low 16 bits count, as a pair. */
static inline uint32_t tsnn_join(int32_t low, int32_t high)
{
    return ((uint32_t)low & 65535u) | ((uint32_t)high << 16);
}
#endif

/** Add pairs; each half wraps on its own. */
static inline uint32_t tsnn_add_pairs(uint32_t a, uint32_t b)
{
#if defined(__ARM_FEATURE_DSP) && (__ARM_FEATURE_DSP == 1)
    TSNN_DSP2("sadd16", a, b);
#else
    return tsnn_join(tsnn_low(a) + tsnn_low(b), tsnn_high(a) + tsnn_high(b));
#endif
}

/** Add pairs; each half saturates at the ends of 16 bits. */
static inline uint32_t tsnn_add_pairs_sat(uint32_t a, uint32_t b)
{
#if defined(__ARM_FEATURE_DSP) && (__ARM_FEATURE_DSP == 1)
    TSNN_DSP2("qadd16", a, b);
#else
    return tsnn_join(tsnn_sat16(tsnn_low(a) + tsnn_low(b)),
                     tsnn_sat16(tsnn_high(a) + tsnn_high(b)));
#endif
}

/** (v * decay + 2^15) >> 16 in both halves, where decay = value + whole * 65536.
 *
 * @param v     two membranes
 * @param value signed Q0.16 decays, low half for the low membrane, high half for the high one
 * @param whole 1: value is the decay less 1 (decays from 1/2 up); 0: value is the decay
 */
static inline uint32_t tsnn_leak_pairs(uint32_t v, uint32_t value, uint32_t whole)
{
#if defined(__ARM_FEATURE_DSP) && (__ARM_FEATURE_DSP == 1)
    uint32_t low;
    uint32_t high;
    uint32_t both;
    __asm__("smlabb %0, %1, %2, %3" : "=r"(low) : "r"(v), "r"(value), "r"(32768u));
    __asm__("smlatt %0, %1, %2, %3" : "=r"(high) : "r"(v), "r"(value), "r"(32768u));
    __asm__("pkhtb %0, %1, %2, asr #16" : "=r"(both) : "r"(high), "r"(low));
#else
    uint32_t both = tsnn_join(((tsnn_low(v) * tsnn_low(value)) + 32768) >> 16,
                              ((tsnn_high(v) * tsnn_high(value)) + 32768) >> 16);
#endif
    return (whole != 0u) ? tsnn_add_pairs(both, v) : both;
}

/** Two membranes after their reset, and where they fired. */
typedef struct {
    uint32_t v;     /**< membranes */
    uint32_t fired; /**< bit 15: the low one fired, bit 31: the high one */
} tsnn_fire_t;

/** Where v >= theta: fire and put v - theta. */
static inline tsnn_fire_t tsnn_fire_pairs_ge(uint32_t v, uint32_t theta)
{
    tsnn_fire_t out;
#if defined(__ARM_FEATURE_DSP) && (__ARM_FEATURE_DSP == 1)
    __asm__("ssub16 %0, %2, %3\n\tsel %0, %0, %2\n\tsel %1, %4, %5"
            : "=&r"(out.v), "=&r"(out.fired)
            : "r"(v), "r"(theta), "r"(0x80008000u), "r"(0u));
#else
    int32_t low = tsnn_low(v) - tsnn_low(theta);
    int32_t high = tsnn_high(v) - tsnn_high(theta);
    out.v = tsnn_join((low >= 0) ? low : tsnn_low(v), (high >= 0) ? high : tsnn_high(v));
    out.fired = ((low >= 0) ? 0x8000u : 0u) | ((high >= 0) ? 0x80000000u : 0u);
#endif
    return out;
}

/** Where v > theta: fire and put v - theta. */
static inline tsnn_fire_t tsnn_fire_pairs_gt(uint32_t v, uint32_t theta)
{
    tsnn_fire_t out;
#if defined(__ARM_FEATURE_DSP) && (__ARM_FEATURE_DSP == 1)
    uint32_t left;
    __asm__("ssub16 %2, %3, %4\n\tssub16 %0, %4, %3\n\tsel %0, %3, %2\n\tsel %1, %6, %5"
            : "=&r"(out.v), "=&r"(out.fired), "=&r"(left)
            : "r"(v), "r"(theta), "r"(0x80008000u), "r"(0u));
#else
    int32_t low = tsnn_low(v) - tsnn_low(theta);
    int32_t high = tsnn_high(v) - tsnn_high(theta);
    out.v = tsnn_join((low > 0) ? low : tsnn_low(v), (high > 0) ? high : tsnn_high(v));
    out.fired = ((low > 0) ? 0x8000u : 0u) | ((high > 0) ? 0x80000000u : 0u);
#endif
    return out;
}

/** Put `reset` where the bits of fired say so (bit 15 and bit 31). */
static inline uint32_t tsnn_reset_pairs(uint32_t v, uint32_t fired, uint32_t reset)
{
    uint32_t where = (fired >> 15) * 65535u;
    return (v & ~where) | (reset & where);
}

#ifdef __cplusplus
}
#endif

#endif /* TSNN_KERNEL_H_INCLUDED */
