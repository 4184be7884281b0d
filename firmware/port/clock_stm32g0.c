/* SPDX-License-Identifier: Apache-2.0 */
/* STM32G0: the internal 16 MHz oscillator, which runs after reset, through the PLL; APB at the
 * core's clock. RM0444 sections 5.4 (RCC) and 3.3.4 (wait states in voltage range 1, in force after
 * reset). */
#include "tsnn_board_port.h"

#define RCC_CR 0x40021000u
#define RCC_CR_HSION 0x00000100u
#define RCC_CR_HSIRDY 0x00000400u
#define RCC_CR_PLLON 0x01000000u
#define RCC_CR_PLLRDY 0x02000000u
#define RCC_CFGR 0x40021008u
#define RCC_CFGR_SW_PLL 0x00000002u
#define RCC_CFGR_SWS 0x00000038u
#define RCC_CFGR_SWS_PLL 0x00000010u
#define RCC_PLLCFGR 0x4002100Cu
#define RCC_PLLCFGR_HSI 0x00000002u
#define RCC_PLLCFGR_R_ENABLE 0x10000000u
#define RCC_PLLCFGR_R_2 0x20000000u
#define FLASH_ACR 0x40022000u
#define FLASH_ACR_CACHE_PREFETCH 0x300u
#define FLASH_ACR_LATENCY 0x7u

/* 16 MHz into the PLL, times N, divided by R = 2: 8 N MHz. */
#define N (TSNN_BOARD_CLOCK_HZ / 8000000u)
#if N * 8000000u != TSNN_BOARD_CLOCK_HZ || N < 4u || N > 8u
#error "clock_hz of an STM32G0 must be a multiple of 8 MHz from 32 to 64 MHz"
#endif
#define PLL_BITS (RCC_PLLCFGR_HSI | (N << 8) | RCC_PLLCFGR_R_ENABLE | RCC_PLLCFGR_R_2)
#define LATENCY (TSNN_BOARD_CLOCK_HZ > 48000000u ? 2u : TSNN_BOARD_CLOCK_HZ > 24000000u ? 1u : 0u)

void tsnn_clock_init(void)
{
    TSNN_REGISTER(RCC_CR) |= RCC_CR_HSION;
    if (!tsnn_wait_for(RCC_CR, RCC_CR_HSIRDY, RCC_CR_HSIRDY)) {
        return;
    }
    /* Other bits of this register belong to debugging and must stay. */
    const uint32_t access = TSNN_REGISTER(FLASH_ACR) & ~FLASH_ACR_LATENCY;
    TSNN_REGISTER(FLASH_ACR) = access | FLASH_ACR_CACHE_PREFETCH | LATENCY;
    (void)tsnn_wait_for(FLASH_ACR, FLASH_ACR_LATENCY, LATENCY);
    TSNN_REGISTER(RCC_PLLCFGR) = PLL_BITS;
    TSNN_REGISTER(RCC_CR) |= RCC_CR_PLLON;
    if (tsnn_wait_for(RCC_CR, RCC_CR_PLLRDY, RCC_CR_PLLRDY)) {
        TSNN_REGISTER(RCC_CFGR) |= RCC_CFGR_SW_PLL;
        (void)tsnn_wait_for(RCC_CFGR, RCC_CFGR_SWS, RCC_CFGR_SWS_PLL);
    }
}
