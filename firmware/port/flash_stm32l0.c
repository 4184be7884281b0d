/* SPDX-License-Identifier: Apache-2.0 */
/* STM32L0: pages of 128 bytes, words; erased bytes are 0. RM0367 sections 3.3.3, 3.3.4 (writing,
 * erasing) and 3.7 (registers). */
#include "tsnn_flash_driver.h"

#define FLASH_PECR TSNN_REGISTER(0x40022004u)
#define FLASH_PECR_LOCK 0x0001u
#define FLASH_PECR_PROGRAM_LOCK 0x0002u
#define FLASH_PECR_PROGRAM 0x0008u
#define FLASH_PECR_ERASE 0x0200u
#define FLASH_PEKEYR TSNN_REGISTER(0x4002200Cu)
#define FLASH_PEKEY_1 0x89ABCDEFu
#define FLASH_PEKEY_2 0x02030405u
#define FLASH_PRGKEYR TSNN_REGISTER(0x40022010u)
#define FLASH_PRGKEY_1 0x8C9DAEBFu
#define FLASH_PRGKEY_2 0x13141516u
#define FLASH_SR TSNN_REGISTER(0x40022018u)
#define FLASH_SR_BUSY 0x00000001u
#define FLASH_SR_ERRORS 0x00032F00u

static void tsnn_flash_unlock(void)
{
    if ((FLASH_PECR & FLASH_PECR_LOCK) != 0u) {
        FLASH_PEKEYR = FLASH_PEKEY_1;
        FLASH_PEKEYR = FLASH_PEKEY_2;
    }
    if ((FLASH_PECR & FLASH_PECR_PROGRAM_LOCK) != 0u) {
        FLASH_PRGKEYR = FLASH_PRGKEY_1;
        FLASH_PRGKEYR = FLASH_PRGKEY_2;
    }
    FLASH_SR = FLASH_SR_ERRORS;
}

/** Wait for the end of an operation, and lock; whether it went well. */
static bool tsnn_flash_finish(void)
{
    while ((FLASH_SR & FLASH_SR_BUSY) != 0u) {
    }
    const bool good = (FLASH_SR & FLASH_SR_ERRORS) == 0u;
    FLASH_PECR &= ~(FLASH_PECR_ERASE | FLASH_PECR_PROGRAM);
    FLASH_PECR |= FLASH_PECR_LOCK;
    return good;
}

bool tsnn_flash_erase(uint32_t sector)
{
    tsnn_flash_unlock();
    FLASH_PECR |= FLASH_PECR_ERASE | FLASH_PECR_PROGRAM;
    TSNN_REGISTER(TSNN_BOARD_STORAGE_BASE + sector * TSNN_BOARD_STORAGE_SECTOR_BYTES) = 0;
    return tsnn_flash_finish();
}

bool tsnn_flash_write(uint32_t address, const uint8_t *data)
{
    tsnn_flash_unlock();
    TSNN_REGISTER(address) = tsnn_flash_word(data);
    return tsnn_flash_finish();
}
