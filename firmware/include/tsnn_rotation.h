/* SPDX-License-Identifier: Apache-2.0 */
/* Damped rotations (docs/SPEC.md 5.2): band filters of generated front ends. */
#ifndef TSNN_ROTATION_H_INCLUDED
#define TSNN_ROTATION_H_INCLUDED

#include <stdint.h>

#include "tsnn_dsp.h"

/** A band filter. */
typedef struct {
    uint32_t real;      /**< factors of the next real part: cosine low, minus sine high; Q0.15 */
    uint32_t imaginary; /**< of the next imaginary part: sine low, cosine high */
    uint8_t up;         /**< what enters is multiplied by 2^up */
    uint8_t down;       /**< and then shifted right by down */
} tsnn_rotation_t;

/** About the length of a vector with these parts. */
static inline uint32_t tsnn_length(int32_t real, int32_t imaginary)
{
    const uint32_t a = (uint32_t)((real < 0) ? -real : real);
    const uint32_t b = (uint32_t)((imaginary < 0) ? -imaginary : imaginary);
    const uint32_t large = (a > b) ? a : b;
    const uint32_t small = (a > b) ? b : a;
    return large + (small >> 2) + (small >> 3);
}

/** Turn a filter through `n` samples; the sum of the lengths of its vector.
 *
 * @param[in,out] state real part low, imaginary part high
 */
static inline uint32_t tsnn_rotate(uint32_t *state, const tsnn_rotation_t *filter,
                                   const int16_t *samples, uint32_t n)
{
    uint32_t z = *state;
    uint32_t sum = 0u;
    const uint32_t by_real = filter->real;
    const uint32_t by_imaginary = filter->imaginary;
    const int32_t up = 1 << filter->up;
    const uint32_t down = filter->down;
    for (uint32_t k = 0u; k < n; k++) {
        const int32_t entering = (samples[k] * up) >> down;
        const int32_t real = tsnn_clip16((tsnn_smlad(z, by_real, 16384) >> 15) + entering);
        const int32_t imaginary = tsnn_clip16(tsnn_smlad(z, by_imaginary, 16384) >> 15);
        z = tsnn_pack16(real, imaginary);
        sum += tsnn_length(real, imaginary);
    }
    *state = z;
    return sum;
}

#endif /* TSNN_ROTATION_H_INCLUDED */
