/* SPDX-License-Identifier: Apache-2.0 */
/* Arithmetic of models that learn (SPEC.md section 4). */
#ifndef TSNN_LEARN_H_INCLUDED
#define TSNN_LEARN_H_INCLUDED

#include "tsnn.h"

#ifdef __cplusplus
extern "C" {
#endif

/** A bias that no sum makes good: that of a neuron of a class that is not known yet. */
#define TSNN_INACTIVE (-1048576)

/** The next random number (xorshift32); *state must not be 0 and never becomes it. */
static inline uint32_t tsnn_random(uint32_t *state)
{
    uint32_t x = *state;
    x ^= x << 13;
    x ^= x >> 17;
    x ^= x << 5;
    *state = x;
    return x;
}

/** A random number from 0 to before bound, which is at most 65536. */
static inline uint32_t tsnn_random_below(uint32_t *state, uint32_t bound)
{
    return ((tsnn_random(state) >> 16) * bound) >> 16;
}

/** x / 2^shift, rounded up or down at random so that it is right on the average; shift 1 to 31. */
static inline int32_t tsnn_random_shift(uint32_t *state, int32_t x, uint32_t shift)
{
    int32_t random = (int32_t)(tsnn_random(state) >> (32u - shift));
    return (x + random) >> shift;
}

/** x, but at least low and at most high. */
static inline int32_t tsnn_clip(int32_t x, int32_t low, int32_t high)
{
    int32_t y = x;
    if (y > high) {
        y = high;
    }
    if (y < low) {
        y = low;
    }
    return y;
}

/** How strange a distance is where the usual one is `deviation` / 16: 16 for about the usual one.
 */
static inline uint32_t tsnn_strange(int32_t away, uint32_t deviation)
{
    const uint32_t size = (uint32_t)((away < 0) ? -away : away);
    return (size << 8) / (deviation + 8u);
}

/** Put events in ascending order: spikes are listed in the order of their bits. */
static inline void tsnn_sort_events(uint16_t *events, uint32_t n_events)
{
    for (uint32_t e = 1u; e < n_events; e++) {
        uint16_t event = events[e];
        uint32_t at = e;
        while ((at > 0u) && (events[at - 1u] > event)) {
            events[at] = events[at - 1u];
            at--;
        }
        events[at] = event;
    }
}

#ifdef __cplusplus
}
#endif

#endif /* TSNN_LEARN_H_INCLUDED */
