/* SPDX-License-Identifier: Apache-2.0 */
/* The block that tells the boot ROM of the RP2350 what this is: an image for its Arm cores, in the
 * secure state. It lies within the first 4 KiB of flash; the vectors are where the image begins.
 * RP2350 Datasheet, section 5.9.5 (minimum viable image metadata). */
#include <stdint.h>

extern const uint32_t tsnn_boot_block[5];

__attribute__((section(".boot_config"), used)) const uint32_t tsnn_boot_block[5] = {
    0xFFFFDED3u, /* start of a block */
    0x10210142u, /* image type: executable, secure, Arm, RP2350 */
    0x000001FFu, /* last item; one word of items */
    0x00000000u, /* the only block of its loop */
    0xAB123579u, /* end of a block */
};
