/* SPDX-License-Identifier: Apache-2.0 */
/* STM32H743, second bank: sectors of 128 KiB, eight words. Code goes on running from the first bank
 * meanwhile. RM0433 sections 4.3.8 to 4.3.10 and 4.9 (registers). The data cache is off. */
#include "tsnn_flash_driver.h"

#define FLASH_KEYR2 TSNN_REGISTER(0x52002104u)
#define FLASH_KEY_1 0x45670123u
#define FLASH_KEY_2 0xCDEF89ABu
#define FLASH_CR2 TSNN_REGISTER(0x5200210Cu)
#define FLASH_CR_LOCK 0x00000001u
#define FLASH_CR_PROGRAM 0x00000002u
#define FLASH_CR_SECTOR_ERASE 0x00000004u
#define FLASH_CR_BY_WORDS 0x00000020u
#define FLASH_CR_START 0x00000080u
#define FLASH_CR_SECTOR_AT 8
#define FLASH_SR2 TSNN_REGISTER(0x52002110u)
#define FLASH_SR_BUSY 0x00000007u /* busy, buffer not empty, operations waiting */
#define FLASH_SR_ERRORS 0x006E0000u
#define FLASH_CCR2 TSNN_REGISTER(0x52002114u)

static void tsnn_flash_unlock(void)
{
    if ((FLASH_CR2 & FLASH_CR_LOCK) != 0u) {
        FLASH_KEYR2 = FLASH_KEY_1;
        FLASH_KEYR2 = FLASH_KEY_2;
    }
    FLASH_CCR2 = FLASH_SR_ERRORS;
}

/** Wait for the end of an operation, and lock; whether it went well. */
static bool tsnn_flash_finish(void)
{
    while ((FLASH_SR2 & FLASH_SR_BUSY) != 0u) {
    }
    const bool good = (FLASH_SR2 & FLASH_SR_ERRORS) == 0u;
    FLASH_CR2 = FLASH_CR_LOCK;
    return good;
}

bool tsnn_flash_erase(uint32_t sector)
{
    const uint32_t number = TSNN_BOARD_STORAGE_FIRST_SECTOR + sector;
    const uint32_t control =
        FLASH_CR_SECTOR_ERASE | FLASH_CR_BY_WORDS | (number << FLASH_CR_SECTOR_AT);
    tsnn_flash_unlock();
    FLASH_CR2 = control;
    FLASH_CR2 = control | FLASH_CR_START;
    return tsnn_flash_finish();
}

bool tsnn_flash_write(uint32_t address, const uint8_t *data)
{
    tsnn_flash_unlock();
    FLASH_CR2 = FLASH_CR_PROGRAM | FLASH_CR_BY_WORDS;
    __asm__ volatile("dsb\n\tisb" : : : "memory");
    for (uint32_t k = 0; k < TSNN_BOARD_STORAGE_WRITE_BYTES; k += 4u) {
        TSNN_REGISTER(address + k) = tsnn_flash_word(&data[k]);
    }
    __asm__ volatile("dsb\n\tisb" : : : "memory");
    return tsnn_flash_finish();
}
