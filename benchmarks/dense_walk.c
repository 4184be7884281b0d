/* SPDX-License-Identifier: Apache-2.0 */
/* The classic dense walk, for comparison only: every row of 128 x 128 weights, under a mask that is
 * all ones where the row is active. Sums as the generated kernels leave them. */
#include "tsnn_kernel.h"

#define N_ROWS 128u
#define N_NEURONS 128u
#define CHUNK 16u

void dense_walk8(const uint32_t *rows, const uint32_t *masks, uint32_t *sums);
void dense_walk4(const uint32_t *rows, const uint32_t *masks, uint32_t *sums);

/* Four words of bytes per row and block: sums of 16 neurons stay in registers. */
void dense_walk8(const uint32_t *rows, const uint32_t *masks, uint32_t *sums)
{
#if !defined(__ARM_FEATURE_DSP)
    uint32_t bytes = tsnn_in_register(0x00FF00FFu);
#endif
    const uint32_t *row = rows;
    for (uint32_t block = 0u; block < N_NEURONS / 8u; block++) {
        uint32_t a = 0u;
        uint32_t b = 0u;
        uint32_t c = 0u;
        uint32_t d = 0u;
        for (const uint32_t *mask = masks; mask != &masks[N_ROWS]; mask++) {
            uint32_t first = row[0] & *mask;
            uint32_t second = row[1] & *mask;
            row += 2;
#if defined(__ARM_FEATURE_DSP)
            a = tsnn_sxtab16(a, first);
            b = tsnn_sxtab16_odd(b, first);
            c = tsnn_sxtab16(c, second);
            d = tsnn_sxtab16_odd(d, second);
#else
            a += first;
            b += (first >> 8) & bytes;
            c += second;
            d += (second >> 8) & bytes;
#endif
        }
#if !defined(__ARM_FEATURE_DSP)
        a -= b << 8;
        c -= d << 8;
#endif
        sums[0] = a;
        sums[1] = b;
        sums[2] = c;
        sums[3] = d;
        sums += 4;
    }
}

/* Two words of nibbles per row and block, chunks of 16 rows whose sums fit bytes. */
void dense_walk4(const uint32_t *rows, const uint32_t *masks, uint32_t *sums)
{
    uint32_t nibbles = tsnn_in_register(0x0F0F0F0Fu);
    const uint32_t *row = rows;
    for (uint32_t block = 0u; block < N_NEURONS / 16u; block++) {
        for (uint32_t w = 0u; w < 8u; w++) {
            sums[w] = 0u;
        }
        for (const uint32_t *mask = masks; mask != &masks[N_ROWS];) {
            uint32_t fields[4] = {0u, 0u, 0u, 0u};
            for (uint32_t r = 0u; r < CHUNK; r++) {
                uint32_t first = row[0] & *mask;
                uint32_t second = row[1] & *mask;
                row += 2;
                mask++;
                fields[0] += first & nibbles;
                fields[1] += (first >> 4) & nibbles;
                fields[2] += second & nibbles;
                fields[3] += (second >> 4) & nibbles;
            }
            for (uint32_t f = 0u; f < 4u; f++) {
                sums[2u * f] += fields[f] & 0x00FF00FFu;
                sums[(2u * f) + 1u] += (fields[f] >> 8) & 0x00FF00FFu;
            }
        }
        sums += 8;
    }
}
