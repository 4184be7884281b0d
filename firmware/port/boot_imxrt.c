/* SPDX-License-Identifier: Apache-2.0 */
/* What the boot ROM of the i.MX RT1060 reads in serial flash: how to talk to it, and where the
 * vectors are. i.MX RT1060 Processor Reference Manual, chapter 9 (System Boot), sections 9.6.3.1
 * (FlexSPI configuration block) and 9.7.1 (image vector table, boot data). The flash is read by the
 * plainest command, 03h on one line, which every chip knows; the cache makes up for it. */
#include <stdint.h>

#define FLASH_BASE 0x60000000u
#define FLASH_BYTES 0x00800000u
#define TABLE_OFFSET 0x1000u

/** FlexSPI configuration block, 512 bytes, of which few matter here; the rest is 0. */
typedef struct {
    uint32_t tag;                /**< "FCFB" */
    uint32_t version;            /**< 1.4.0 with a "V" in front */
    uint32_t reserved_8[14];     /**< delays, device mode: none */
    uint32_t controller_options; /**< at 0x40 */
    uint8_t device_type;         /**< 1: serial NOR */
    uint8_t pads;                /**< 1: a single line */
    uint8_t clock;               /**< 1: 30 MHz */
    uint8_t custom_sequences;    /**< 0: none */
    uint32_t reserved_48[2];
    uint32_t size_a1; /**< at 0x50: bytes of the first flash */
    uint32_t reserved_54[11];
    uint32_t look_up[64]; /**< at 0x80: command sequences; the first one reads */
    uint32_t reserved_180[16];
    uint32_t page_bytes; /**< at 0x1C0 */
    uint32_t sector_bytes;
    uint32_t reserved_1c8[14];
} tsnn_flexspi_t;

/** Image vector table and boot data. */
typedef struct {
    uint32_t header;   /**< tag 0xD1, 32 bytes, version 4.0 */
    const void *entry; /**< the table of vectors */
    uint32_t reserved;
    uint32_t device_configuration; /**< 0: none */
    const void *boot_data;
    const void *self;
    uint32_t command_sequence_file; /**< 0: not signed */
    uint32_t reserved_2;
    uint32_t image_start; /**< boot data: where the image begins */
    uint32_t image_bytes;
    uint32_t plugin; /**< 0: an image, not a plugin */
    uint32_t padding;
} tsnn_boot_table_t;

typedef struct {
    tsnn_flexspi_t flexspi;
    uint8_t gap[TABLE_OFFSET - sizeof(tsnn_flexspi_t)];
    tsnn_boot_table_t table;
} tsnn_boot_head_t;

_Static_assert(sizeof(tsnn_flexspi_t) == 512u, "layout of the reference manual");
_Static_assert(sizeof(tsnn_boot_table_t) == 48u, "layout of the reference manual");

extern const uint32_t tsnn_vectors[];
extern const tsnn_boot_head_t tsnn_boot_head;

__attribute__((section(".boot_head"), used)) const tsnn_boot_head_t tsnn_boot_head = {
    .flexspi =
        {
            .tag = 0x42464346u,
            .version = 0x56010400u,
            .controller_options = 0x10u,
            .device_type = 1,
            .pads = 1,
            .clock = 1,
            .size_a1 = FLASH_BYTES,
            /* CMD 03h, 24 bits of address; read, stop: all on one line */
            .look_up = {0x08180403u, 0x00002404u},
            .page_bytes = 256,
            .sector_bytes = 4096,
        },
    .table =
        {
            .header = 0x402000D1u,
            .entry = tsnn_vectors,
            .boot_data = &tsnn_boot_head.table.image_start,
            .self = &tsnn_boot_head.table,
            .image_start = FLASH_BASE,
            .image_bytes = FLASH_BYTES,
        },
};
