/* SPDX-License-Identifier: Apache-2.0 */
/* STM32L4 and L4+: the internal 16 MHz oscillator through the PLL, at most 80 MHz, all buses at the
 * core's clock. RM0351 (STM32L4) and RM0432 (STM32L4+), sections 6.4 (RCC) and 3.3.3 (wait states
 * in voltage range 1, in force after reset). */
#include "tsnn_board_port.h"

#define RCC_CR 0x40021000u
#define RCC_CR_HSION 0x00000100u
#define RCC_CR_HSIRDY 0x00000400u
#define RCC_CR_PLLON 0x01000000u
#define RCC_CR_PLLRDY 0x02000000u
#define RCC_CFGR 0x40021008u
#define RCC_CFGR_SW_PLL 0x00000003u
#define RCC_CFGR_SWS 0x0000000Cu
#define RCC_CFGR_SWS_PLL 0x0000000Cu
#define RCC_PLLCFGR 0x4002100Cu
#define RCC_PLLCFGR_HSI 0x00000002u
#define RCC_PLLCFGR_R_ENABLE 0x01000000u
#define FLASH_ACR 0x40022000u
#define FLASH_ACR_CACHES_PREFETCH 0x700u

/* 16 MHz / 2 = 8 MHz into the PLL, times N, divided by R = 2: 4 N MHz. */
#define N (TSNN_BOARD_CLOCK_HZ / 4000000u)
#if N * 4000000u != TSNN_BOARD_CLOCK_HZ || N < 8u || N > 20u
#error "clock_hz of an STM32L4 must be a multiple of 4 MHz from 32 to 80 MHz"
#endif
#define PLL_BITS (RCC_PLLCFGR_HSI | (1u << 4) | (N << 8) | RCC_PLLCFGR_R_ENABLE)
/* A wait state for every 16 MHz; the L4+ needs fewer. */
#define LATENCY ((TSNN_BOARD_CLOCK_HZ - 1u) / 16000000u)

void tsnn_clock_init(void)
{
    TSNN_REGISTER(RCC_CR) |= RCC_CR_HSION;
    if (!tsnn_wait_for(RCC_CR, RCC_CR_HSIRDY, RCC_CR_HSIRDY)) {
        return;
    }
    TSNN_REGISTER(FLASH_ACR) = FLASH_ACR_CACHES_PREFETCH | LATENCY;
    TSNN_REGISTER(RCC_PLLCFGR) = PLL_BITS;
    TSNN_REGISTER(RCC_CR) |= RCC_CR_PLLON;
    if (tsnn_wait_for(RCC_CR, RCC_CR_PLLRDY, RCC_CR_PLLRDY)) {
        TSNN_REGISTER(RCC_CFGR) |= RCC_CFGR_SW_PLL;
        (void)tsnn_wait_for(RCC_CFGR, RCC_CFGR_SWS, RCC_CFGR_SWS_PLL);
    }
}
