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

/** Number of the lowest bit that is set; x must not be 0. */
static inline uint32_t tsnn_lowest_bit(uint32_t x)
{
    return (uint32_t)__builtin_ctz(x);
}

/** Turn spike bits into a list of rows.
 *
 * @param[in]  spikes    bit j of word w is neuron 32 w + j, shape [n_words]
 * @param[in]  n_words   number of words
 * @param[in]  first_row row of neuron 0
 * @param[out] events    rows of the neurons that fired, ascending
 * @return number of events written
 */
static inline uint32_t tsnn_gather(
    const uint32_t *spikes, uint32_t n_words, uint32_t first_row, uint16_t *events)
{
    uint32_t count = 0u;
    for (uint32_t w = 0u; w < n_words; w++) {
        uint32_t left = spikes[w];
        while (left != 0u) {
            events[count] = (uint16_t)(first_row + (w * 32u) + tsnn_lowest_bit(left));
            count++;
            left &= left - 1u;
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

#ifdef __cplusplus
}
#endif

#endif /* TSNN_KERNEL_H_INCLUDED */
