/* SPDX-License-Identifier: Apache-2.0 */
/* STM32L4, L4+ and G0: pages of 2 or 4 KiB, double words. Pages are counted over both banks, 256 in
 * each. RM0351 sections 3.3.5 to 3.3.7 and 3.7 (registers); RM0444 section 3.7, which has the same
 * registers at the same addresses and no data cache. */
#include "tsnn_flash_driver.h"

#define FLASH_ACR TSNN_REGISTER(0x40022000u)
#define FLASH_ACR_DATA_CACHE 0x0400u
#define FLASH_ACR_DATA_CACHE_RESET 0x1000u
#define FLASH_KEYR TSNN_REGISTER(0x40022008u)
#define FLASH_KEY_1 0x45670123u
#define FLASH_KEY_2 0xCDEF89ABu
#define FLASH_SR TSNN_REGISTER(0x40022010u)
#define FLASH_SR_BUSY 0x00050000u /* on the G0 also: busy with a configuration */
#define FLASH_SR_ERRORS 0x000003FAu
#define FLASH_CR TSNN_REGISTER(0x40022014u)
#define FLASH_CR_PROGRAM 0x00000001u
#define FLASH_CR_PAGE_ERASE 0x00000002u
#define FLASH_CR_PAGE_AT 3
#define FLASH_CR_BANK_AT 11
#define FLASH_CR_START 0x00010000u
#define FLASH_CR_LOCK 0x80000000u
#define PAGES_PER_BANK 256u

static void tsnn_flash_unlock(void)
{
    if ((FLASH_CR & FLASH_CR_LOCK) != 0u) {
        FLASH_KEYR = FLASH_KEY_1;
        FLASH_KEYR = FLASH_KEY_2;
    }
    FLASH_SR = FLASH_SR_ERRORS;
}

/** Wait for the end of an operation, and lock; whether it went well. */
static bool tsnn_flash_finish(void)
{
    while ((FLASH_SR & FLASH_SR_BUSY) != 0u) {
    }
    const bool good = (FLASH_SR & FLASH_SR_ERRORS) == 0u;
    FLASH_CR = FLASH_CR_LOCK;
    const uint32_t access = FLASH_ACR;
    if ((access & FLASH_ACR_DATA_CACHE) != 0u) {
        /* It may hold what was there before, and can only be reset while it is off. */
        FLASH_ACR = access & ~FLASH_ACR_DATA_CACHE;
        FLASH_ACR = (access & ~FLASH_ACR_DATA_CACHE) | FLASH_ACR_DATA_CACHE_RESET;
        FLASH_ACR = access;
    }
    return good;
}

bool tsnn_flash_erase(uint32_t sector)
{
    const uint32_t number = TSNN_BOARD_STORAGE_FIRST_SECTOR + sector;
    const uint32_t page = (number % PAGES_PER_BANK) << FLASH_CR_PAGE_AT;
    const uint32_t bank = (number / PAGES_PER_BANK) << FLASH_CR_BANK_AT;
    tsnn_flash_unlock();
    FLASH_CR = FLASH_CR_PAGE_ERASE | page | bank;
    FLASH_CR = FLASH_CR_PAGE_ERASE | page | bank | FLASH_CR_START;
    return tsnn_flash_finish();
}

bool tsnn_flash_write(uint32_t address, const uint8_t *data)
{
    tsnn_flash_unlock();
    FLASH_CR = FLASH_CR_PROGRAM;
    TSNN_REGISTER(address) = tsnn_flash_word(data);
    __asm__ volatile("isb" : : : "memory"); /* the words must not be merged or swapped */
    TSNN_REGISTER(address + 4u) = tsnn_flash_word(&data[4]);
    return tsnn_flash_finish();
}
