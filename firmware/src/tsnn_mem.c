/* SPDX-License-Identifier: Apache-2.0 */
/* Compilers emit calls to these even for code that never names them: gcc the C library's names,
 * clang those of the ARM run-time ABI. Weak, so that a C library's own win where one is linked.
 * They work by words where they can, because a cleared or copied array in a model's step is in the
 * hot path. */
#include <stddef.h>
#include <stdint.h>

/* A compiler must not turn the loops below into calls to the very function they implement. */
#if defined(__clang__)
#define TSNN_MEM(name) __attribute__((weak, no_builtin(name)))
#else
#define TSNN_MEM(name) __attribute__((weak, optimize("no-tree-loop-distribute-patterns")))
#endif

/* Words may be read from and written to objects of any type here. */
typedef uint32_t __attribute__((may_alias)) tsnn_word_t;

void *memcpy(void *restrict to, const void *restrict from, size_t count);
void *memmove(void *to, const void *from, size_t count);
void *memset(void *to, int value, size_t count);

TSNN_MEM("memcpy") void *memcpy(void *restrict to, const void *restrict from, size_t count)
{
    uint8_t *out = to;
    const uint8_t *in = from;
    if ((((uintptr_t)out | (uintptr_t)in) & 3u) == 0u) {
        while (count >= 4u) {
            *(tsnn_word_t *)(void *)out = *(const tsnn_word_t *)(const void *)in;
            out += 4;
            in += 4;
            count -= 4u;
        }
    }
    while (count > 0u) {
        *out = *in;
        out++;
        in++;
        count--;
    }
    return to;
}

TSNN_MEM("memmove") void *memmove(void *to, const void *from, size_t count)
{
    uint8_t *out = to;
    const uint8_t *in = from;
    if ((uintptr_t)out <= (uintptr_t)in) {
        for (size_t k = 0; k < count; k++) {
            out[k] = in[k];
        }
    } else {
        for (size_t k = count; k > 0u; k--) {
            out[k - 1u] = in[k - 1u];
        }
    }
    return to;
}

TSNN_MEM("memset") void *memset(void *to, int value, size_t count)
{
    uint8_t *out = to;
    const uint8_t byte = (uint8_t)value;
    const uint32_t word = byte * 0x01010101u;
    while (count > 0u && ((uintptr_t)out & 3u) != 0u) {
        *out = byte;
        out++;
        count--;
    }
    while (count >= 16u) {
        tsnn_word_t *words = (tsnn_word_t *)(void *)out;
        words[0] = word;
        words[1] = word;
        words[2] = word;
        words[3] = word;
        out += 16;
        count -= 16u;
    }
    while (count > 0u) {
        *out = byte;
        out++;
        count--;
    }
    return to;
}

/* The run-time ABI's names, for any alignment and for 4 and 8 bytes. */
void __aeabi_memcpy(void *to, const void *from, size_t count);
void __aeabi_memcpy4(void *to, const void *from, size_t count);
void __aeabi_memcpy8(void *to, const void *from, size_t count);
void __aeabi_memmove(void *to, const void *from, size_t count);
void __aeabi_memmove4(void *to, const void *from, size_t count);
void __aeabi_memmove8(void *to, const void *from, size_t count);
void __aeabi_memset(void *to, size_t count, int value);
void __aeabi_memset4(void *to, size_t count, int value);
void __aeabi_memset8(void *to, size_t count, int value);
void __aeabi_memclr(void *to, size_t count);
void __aeabi_memclr4(void *to, size_t count);
void __aeabi_memclr8(void *to, size_t count);

#define TSNN_ALIAS(name) __attribute__((weak, alias(name)))

TSNN_MEM("memcpy") void __aeabi_memcpy(void *to, const void *from, size_t count)
{
    (void)memcpy(to, from, count);
}

TSNN_MEM("memmove") void __aeabi_memmove(void *to, const void *from, size_t count)
{
    (void)memmove(to, from, count);
}

TSNN_MEM("memset") void __aeabi_memset(void *to, size_t count, int value)
{
    (void)memset(to, value, count);
}

TSNN_MEM("memset") void __aeabi_memclr(void *to, size_t count)
{
    (void)memset(to, 0, count);
}

TSNN_ALIAS("__aeabi_memcpy") void __aeabi_memcpy4(void *to, const void *from, size_t count);
TSNN_ALIAS("__aeabi_memcpy") void __aeabi_memcpy8(void *to, const void *from, size_t count);
TSNN_ALIAS("__aeabi_memmove") void __aeabi_memmove4(void *to, const void *from, size_t count);
TSNN_ALIAS("__aeabi_memmove") void __aeabi_memmove8(void *to, const void *from, size_t count);
TSNN_ALIAS("__aeabi_memset") void __aeabi_memset4(void *to, size_t count, int value);
TSNN_ALIAS("__aeabi_memset") void __aeabi_memset8(void *to, size_t count, int value);
TSNN_ALIAS("__aeabi_memclr") void __aeabi_memclr4(void *to, size_t count);
TSNN_ALIAS("__aeabi_memclr") void __aeabi_memclr8(void *to, size_t count);
