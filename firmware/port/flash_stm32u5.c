/* SPDX-License-Identifier: Apache-2.0 */
/* STM32U5: pages of 8 KiB, four words. Pages are counted over both banks, 128 in each. RM0456
 * sections 7.3.6, 7.3.7 and 7.9 (registers), 9.4.7 (cache maintenance). */
#include "tsnn_flash_driver.h"

#define FLASH_NSKEYR TSNN_REGISTER(0x40022008u)
#define FLASH_KEY_1 0x45670123u
#define FLASH_KEY_2 0xCDEF89ABu
#define FLASH_NSSR TSNN_REGISTER(0x40022020u)
#define FLASH_SR_BUSY 0x00030000u /* busy, or data waits to be written */
#define FLASH_SR_ERRORS 0x000020FAu
#define FLASH_NSCR TSNN_REGISTER(0x40022028u)
#define FLASH_CR_PROGRAM 0x00000001u
#define FLASH_CR_PAGE_ERASE 0x00000002u
#define FLASH_CR_PAGE_AT 3
#define FLASH_CR_BANK_AT 11
#define FLASH_CR_START 0x00010000u
#define FLASH_CR_LOCK 0x80000000u
#define ICACHE_CR TSNN_REGISTER(0x40030400u)
#define ICACHE_CR_INVALIDATE 0x2u
#define ICACHE_SR TSNN_REGISTER(0x40030404u)
#define ICACHE_SR_BUSY 0x1u
#define PAGES_PER_BANK 128u

static void tsnn_flash_unlock(void)
{
    if ((FLASH_NSCR & FLASH_CR_LOCK) != 0u) {
        FLASH_NSKEYR = FLASH_KEY_1;
        FLASH_NSKEYR = FLASH_KEY_2;
    }
    FLASH_NSSR = FLASH_SR_ERRORS;
}

/** Wait for the end of an operation, and lock; whether it went well. The cache, which also serves
 *  data in flash, forgets what was there before. */
static bool tsnn_flash_finish(void)
{
    while ((FLASH_NSSR & FLASH_SR_BUSY) != 0u) {
    }
    const bool good = (FLASH_NSSR & FLASH_SR_ERRORS) == 0u;
    FLASH_NSCR = FLASH_CR_LOCK;
    ICACHE_CR |= ICACHE_CR_INVALIDATE;
    while ((ICACHE_SR & ICACHE_SR_BUSY) != 0u) {
    }
    return good;
}

bool tsnn_flash_erase(uint32_t sector)
{
    const uint32_t number = TSNN_BOARD_STORAGE_FIRST_SECTOR + sector;
    const uint32_t page = (number % PAGES_PER_BANK) << FLASH_CR_PAGE_AT;
    const uint32_t bank = (number / PAGES_PER_BANK) << FLASH_CR_BANK_AT;
    tsnn_flash_unlock();
    FLASH_NSCR = FLASH_CR_PAGE_ERASE | page | bank;
    FLASH_NSCR = FLASH_CR_PAGE_ERASE | page | bank | FLASH_CR_START;
    return tsnn_flash_finish();
}

bool tsnn_flash_write(uint32_t address, const uint8_t *data)
{
    tsnn_flash_unlock();
    FLASH_NSCR = FLASH_CR_PROGRAM;
    for (uint32_t k = 0; k < TSNN_BOARD_STORAGE_WRITE_BYTES; k += 4u) {
        TSNN_REGISTER(address + k) = tsnn_flash_word(&data[k]);
    }
    return tsnn_flash_finish();
}
