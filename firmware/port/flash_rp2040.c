/* SPDX-License-Identifier: Apache-2.0 */
/* RP2040: the serial flash, by the functions of the boot ROM; sectors of 4 KiB, pages of 256 bytes.
 * The flash cannot be read meanwhile, so this runs in RAM, with interrupts off; the functions are
 * looked up before. RP2040 Datasheet, section 2.8.3 (boot ROM contents). The ROM's own way back to
 * reading is that of boot_rp2040.S: command 03h on one line. */
#include "tsnn_flash_driver.h"

#define XIP_BASE 0x10000000u
#define ROM_FUNCTIONS 0x00000014u /* u16: address of the table of functions */
#define ROM_LOOK_UP 0x00000018u   /* u16: address of the function that searches it */
#define ROM_CODE(a, b) ((uint32_t)(a) | ((uint32_t)(b) << 8))
#define FLASH_SECTOR_BYTES 4096u
#define FLASH_BLOCK_BYTES 65536u
#define FLASH_BLOCK_ERASE_COMMAND 0xD8u

typedef void *(*tsnn_rom_look_up_t)(const uint16_t *table, uint32_t code);
typedef void (*tsnn_rom_plain_t)(void);
typedef void (*tsnn_rom_erase_t)(uint32_t offset, size_t count, uint32_t block, uint8_t command);
typedef void (*tsnn_rom_program_t)(uint32_t offset, const uint8_t *data, size_t count);

/** Functions of the ROM. */
typedef struct {
    tsnn_rom_plain_t connect; /**< put the flash chip's pins to use */
    tsnn_rom_plain_t exit;    /**< leave reading as memory */
    tsnn_rom_erase_t erase;
    tsnn_rom_program_t program;
    tsnn_rom_plain_t flush; /**< empty the cache */
    tsnn_rom_plain_t enter; /**< read as memory again */
    const uint8_t *data;    /**< what to program; NULL: erase a sector */
    uint32_t offset;        /**< from the start of the flash */
} tsnn_rom_t;

/** A pointer of 16 bits in the ROM. Its address is volatile, or compilers take it for NULL with an
 * offset. */
static uintptr_t tsnn_rom_pointer(uintptr_t address)
{
    volatile uintptr_t at = address;
    return TSNN_REGISTER16(at);
}

static void *tsnn_rom_find(uint32_t code)
{
    const uintptr_t look_up = tsnn_rom_pointer(ROM_LOOK_UP);
    const uintptr_t table = tsnn_rom_pointer(ROM_FUNCTIONS);
    return ((tsnn_rom_look_up_t)look_up)((const uint16_t *)table, code);
}

static tsnn_rom_t tsnn_rom(uint32_t address, const uint8_t *data)
{
    const tsnn_rom_t rom = {
        (tsnn_rom_plain_t)(uintptr_t)tsnn_rom_find(ROM_CODE('I', 'F')),
        (tsnn_rom_plain_t)(uintptr_t)tsnn_rom_find(ROM_CODE('E', 'X')),
        (tsnn_rom_erase_t)(uintptr_t)tsnn_rom_find(ROM_CODE('R', 'E')),
        (tsnn_rom_program_t)(uintptr_t)tsnn_rom_find(ROM_CODE('R', 'P')),
        (tsnn_rom_plain_t)(uintptr_t)tsnn_rom_find(ROM_CODE('F', 'C')),
        (tsnn_rom_plain_t)(uintptr_t)tsnn_rom_find(ROM_CODE('C', 'X')),
        data,
        address - XIP_BASE,
    };
    return rom;
}

/** In RAM, where .data is copied to. */
__attribute__((section(".data.tsnn_flash_in_ram"), noinline)) static void
tsnn_flash_in_ram(const tsnn_rom_t *rom)
{
    rom->connect();
    rom->exit();
    if (rom->data == NULL) {
        rom->erase(rom->offset, FLASH_SECTOR_BYTES, FLASH_BLOCK_BYTES, FLASH_BLOCK_ERASE_COMMAND);
    } else {
        rom->program(rom->offset, rom->data, TSNN_BOARD_STORAGE_WRITE_BYTES);
    }
    rom->flush();
    rom->enter();
}

static bool tsnn_flash_do(uint32_t address, const uint8_t *data)
{
    const tsnn_rom_t rom = tsnn_rom(address, data);
    void (*volatile const run)(const tsnn_rom_t *) = tsnn_flash_in_ram; /* too far for a branch */
    __asm__ volatile("cpsid i" : : : "memory");
    run(&rom);
    __asm__ volatile("cpsie i" : : : "memory");
    return true; /* the ROM reports nothing; the caller looks */
}

bool tsnn_flash_erase(uint32_t sector)
{
    const uint32_t base = TSNN_BOARD_STORAGE_BASE + sector * TSNN_BOARD_STORAGE_SECTOR_BYTES;
    return tsnn_flash_do(base, NULL);
}

/** The data may lie in flash, which cannot be read meanwhile: it goes through RAM. */
bool tsnn_flash_write(uint32_t address, const uint8_t *data)
{
    uint8_t page[TSNN_BOARD_STORAGE_WRITE_BYTES];
    for (uint32_t k = 0; k < TSNN_BOARD_STORAGE_WRITE_BYTES; k++) {
        page[k] = data[k];
    }
    return tsnn_flash_do(address, page);
}
