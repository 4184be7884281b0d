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

/** One function for the layers of a model that share it: the compiler shall not copy it into each.
 */
#define TSNN_SHARED static __attribute__((noinline, unused)) void

/** For loops that do most of the work: registers are theirs, whatever calls them. */
#define TSNN_APART __attribute__((noinline))

/** Let the membranes of a layer decay by some skipped ticks: one decay per set bit of their number.
 */
#define TSNN_SKIP(state_bits, rounding) \
    TSNN_SHARED tsnn_skip##state_bits##_##rounding(int##state_bits##_t *v, uint32_t n, \
                                                   uint32_t decay, uint32_t ticks) \
    { \
        uint32_t power = decay; \
        for (uint32_t left = ticks; left != 0u; left >>= 1) { \
            if ((left & 1u) != 0u) { \
                for (uint32_t j = 0u; j < n; j++) { \
                    int32_t kept = tsnn_leak##state_bits##_##rounding((int32_t)v[j], power); \
                    v[j] = (int##state_bits##_t)kept; \
                } \
            } \
            power = tsnn_square_decay(power); \
        } \
    }

TSNN_SKIP(16, nearest)
TSNN_SKIP(16, zero)
TSNN_SKIP(32, nearest)
TSNN_SKIP(32, zero)

/** The bit of neuron j in its word of spikes: even neurons in the low half, odd in the high. */
static inline uint32_t tsnn_spike_bit(uint32_t j)
{
    return 1u << (((j & 31u) >> 1) + ((j & 1u) << 4));
}

/** The bit of the next neuron of the word: a shift or two, where the number takes five. */
static inline uint32_t tsnn_next_spike_bit(uint32_t bit)
{
    return (bit << 16) | ((bit >> 16) << 1);
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

/** Half of a word of sums of two neighbouring neurons, the even one in the low half. */
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

/** Add up rows times the values of a tick's events, in state units: sums of two neighbouring
 * neurons per word; `list` has room for a word per event. */
typedef void tsnn_graded_kernel_t(const tsnn_rows_t *rows, const uint16_t *events,
                                  const int8_t *values, uint32_t n_events, uint32_t *sums,
                                  uint32_t *list);

/** Synapses of some neurons of a layer without those whose weight is 0, row by row. */
typedef struct {
    const uint32_t *weights; /**< two per word: place in bits 0-7, weight in bits 8-15; the next */
    const uint16_t *starts;  /**< words before each row, and before the end; shape [rows + 1] */
    uint32_t n_words;        /**< words of sums, a multiple of 4 */
} tsnn_sparse_t;

/** Add up sparse rows of a tick's events: sums of two neighbouring neurons per word, or of one. */
typedef void tsnn_sparse_kernel_t(const tsnn_sparse_t *rows, const uint16_t *events,
                                  uint32_t n_events, uint32_t *sums);

/** The neurons of a layer for an assembly kernel: what is the same for all, and the rest. */
typedef struct {
    uint32_t n_pairs;       /**< half the number of neurons; all of them with Helium */
    uint32_t decay;         /**< as the kernel wants it */
    uint32_t theta;         /**< threshold, as the kernel wants it */
    uint32_t reset_to;      /**< membranes after a reset, two halves */
    const uint32_t *tables; /**< what differs from neuron to neuron, or NULL */
} tsnn_neurons_t;

/** Update membranes by sums, and note who fired; `constant`: what all sums lack. */
typedef void tsnn_neurons_kernel_t(int16_t *v, const uint32_t *sums, uint32_t *spikes,
                                   uint32_t constant, const tsnn_neurons_t *neurons);

/** The windows of a convolution that cover a row, or a column, of a map. */
typedef struct {
    uint32_t weights; /**< entries of the kernel before what the first one sees */
    uint16_t sums;    /**< entries of the sums before the first one's */
    uint16_t count;   /**< how many there are */
} tsnn_windows_t;

/** Bring sums of a feature map to state units, as a kernel of neurons takes them. */
typedef void tsnn_settle_kernel_t(uint32_t *sums, const uint32_t *end);

/** Multiply a window of 16-bit values with the kernels of all channels: sums in state units, of two
 * neighbouring channels per word. */
typedef void tsnn_dots_kernel_t(const uint32_t *weights, const uint32_t *window, uint32_t *sums,
                                uint32_t n_pairs);

/** Set words, a multiple of 4 of them. */
static inline void tsnn_fill(uint32_t *words, uint32_t n_words, uint32_t value)
{
    for (uint32_t *word = words; word != &words[n_words]; word += 4) {
        word[0] = value;
        word[1] = value;
        word[2] = value;
        word[3] = value;
    }
}

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

/** The weight in the upper byte of the low half of a word of sparse rows. */
static inline int32_t tsnn_sparse_weight(uint32_t word)
{
    return (int32_t)(int8_t)((word >> 8) & 255u);
}

/** Add up sparse rows in C, two sums per word: the place is the neuron's number. */
static inline void tsnn_add_sparse_lanes(const tsnn_sparse_t *rows, const uint16_t *events,
                                         uint32_t n_events, uint32_t *sums)
{
    tsnn_lane_t *lanes = (tsnn_lane_t *)sums;
    for (uint32_t w = 0u; w < rows->n_words; w++) {
        sums[w] = 0u;
    }
    for (const uint16_t *event = events; event != &events[n_events]; event++) {
        const uint32_t *end = &rows->weights[rows->starts[*event + 1u]];
        for (const uint32_t *at = &rows->weights[rows->starts[*event]]; at != end; at++) {
            uint32_t low = *at & 255u;
            uint32_t high = (*at >> 16) & 255u;
            lanes[low] = (tsnn_lane_t)(lanes[low] + (uint32_t)tsnn_sparse_weight(*at));
            lanes[high] = (tsnn_lane_t)(lanes[high] + (uint32_t)tsnn_sparse_weight(*at >> 16));
        }
    }
}

/** The same with one sum per word. */
static inline void tsnn_add_sparse_wide(const tsnn_sparse_t *rows, const uint16_t *events,
                                        uint32_t n_events, uint32_t *sums)
{
    for (uint32_t w = 0u; w < rows->n_words; w++) {
        sums[w] = 0u;
    }
    for (const uint16_t *event = events; event != &events[n_events]; event++) {
        const uint32_t *end = &rows->weights[rows->starts[*event + 1u]];
        for (const uint32_t *at = &rows->weights[rows->starts[*event]]; at != end; at++) {
            sums[*at & 255u] += (uint32_t)tsnn_sparse_weight(*at);
            sums[(*at >> 16) & 255u] += (uint32_t)tsnn_sparse_weight(*at >> 16);
        }
    }
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

/** Add two unsigned 16-bit lanes, times 2^gain_log2 and less excess, to 32-bit sums. */
static inline void tsnn_widen(int32_t *sums, uint32_t lanes, uint32_t gain_log2, int32_t excess)
{
    sums[0] += (int32_t)((lanes & 65535u) << gain_log2) - excess;
    sums[1] += (int32_t)((lanes >> 16) << gain_log2) - excess;
}

/** The 8-bit weight at a bit of a word. */
static inline int32_t tsnn_weight_at(uint32_t word, uint32_t bit)
{
    return (int8_t)((word >> bit) & 255u);
}

/** Sum of the values of a tick's events. */
static inline int32_t tsnn_sum_values(const int8_t *values, uint32_t n)
{
    int32_t sum = 0;
    for (uint32_t e = 0u; e < n; e++) {
        sum += values[e];
    }
    return sum;
}

/** How many of n values, from the first on, have sizes that add up to at most `most`. */
static inline uint32_t tsnn_values_within(const int8_t *values, uint32_t n, uint32_t most)
{
    uint32_t left = most;
    uint32_t e = 0u;
    for (; e < n; e++) {
        uint32_t size = (values[e] < 0) ? (uint32_t)(-(int32_t)values[e]) : (uint32_t)values[e];
        if (size > left) {
            break;
        }
        left -= size;
    }
    return e;
}

/** Add both numbers of pair = high * 2^16 + low, low in 16 bits with sign, times 2^gain_log2. */
static inline void tsnn_add_pair(int32_t *sums, uint32_t pair, uint32_t gain_log2)
{
    int32_t low = (int16_t)(pair & 65535u);
    int32_t high = (int32_t)(pair - (uint32_t)low) >> 16;
    sums[0] += low * (int32_t)(1u << gain_log2);
    sums[1] += high * (int32_t)(1u << gain_log2);
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

/** Bits of a word of spikes that stand for its first n neurons, n up to 32. */
static inline uint32_t tsnn_spike_mask(uint32_t n)
{
    return ((1u << ((n + 1u) >> 1)) - 1u) | (((1u << (n >> 1)) - 1u) << 16);
}

/** List the rows of the neurons that did not fire; see tsnn_gather.
 *
 * @param[in] n number of neurons
 */
static inline uint32_t tsnn_gather_silent(const uint32_t *spikes, uint32_t n, uint32_t first_row,
                                          uint16_t *events)
{
    uint16_t *event = events;
    for (uint32_t first = 0u; first < n; first += 32u) {
        uint32_t left = ~spikes[first >> 5] & tsnn_spike_mask(tsnn_least(n - first, 32u));
        while (left != 0u) {
            uint32_t bit = tsnn_lowest_bit(left);
            *event = (uint16_t)(first_row + first + ((bit & 15u) << 1) + (bit >> 4));
            event++;
            left &= left - 1u;
        }
    }
    return (uint32_t)(event - events);
}

/** List the rows from `row` to before `end`; where the next one goes. */
static inline uint16_t *tsnn_list_run(uint32_t row, uint32_t end, uint16_t *events)
{
    uint16_t *event = events;
    for (uint32_t r = row; r < end; r++) {
        *event = (uint16_t)r;
        event++;
    }
    return event;
}

/** List the rows of the inputs that are not active.
 *
 * @param[in]  active    inputs that are, ascending; shape [n_active]
 * @param[in]  n_active  their number
 * @param[in]  n         number of inputs
 * @param[in]  first_row row of input 0
 * @param[out] events    rows of the others; shape [n - n_active]
 * @return number of events written
 */
static inline uint32_t tsnn_list_silent(const uint16_t *active, uint32_t n_active, uint32_t n,
                                        uint32_t first_row, uint16_t *events)
{
    uint16_t *event = events;
    uint32_t row = first_row;
    for (const uint16_t *next = active; next != &active[n_active]; next++) {
        uint32_t end = first_row + *next;
        event = tsnn_list_run(row, end, event);
        row = end + 1u;
    }
    return (uint32_t)(tsnn_list_run(row, first_row + n, event) - events);
}

/** sums = totals - sums, word by word. */
static inline void tsnn_take_from_words(const uint32_t *totals, uint32_t *sums, uint32_t n_words)
{
    for (uint32_t w = 0u; w < n_words; w++) {
        sums[w] = totals[w] - sums[w];
    }
}

/** sums = totals - sums, each half of a word on its own. */
static inline void tsnn_take_from_pairs(const uint32_t *totals, uint32_t *sums, uint32_t n_words)
{
    for (uint32_t w = 0u; w < n_words; w++) {
        uint32_t a = totals[w];
        uint32_t b = sums[w];
#if defined(__ARM_FEATURE_DSP) && (__ARM_FEATURE_DSP == 1)
        __asm__("usub16 %0, %1, %2" : "=r"(sums[w]) : "r"(a), "r"(b));
#else
        sums[w] = ((a - b) & 65535u) | ((a & 0xFFFF0000u) - (b & 0xFFFF0000u));
#endif
    }
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

#ifdef __cplusplus
}
#endif

#endif /* TSNN_KERNEL_H_INCLUDED */
