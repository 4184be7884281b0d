/* SPDX-License-Identifier: Apache-2.0 */
/* STM32F1: half of the internal 8 MHz oscillator through the PLL, at most 64 MHz; APB1 at half of
 * it above 36 MHz. RM0008 sections 7.3.1, 7.3.2 (RCC) and PM0075 section 3.1 (flash latency);
 * RM0041 for the STM32F100, whose flash needs no wait states. */
#include "tsnn_board_port.h"

#define RCC_CR 0x40021000u
#define RCC_CR_HSION 0x00000001u
#define RCC_CR_HSIRDY 0x00000002u
#define RCC_CR_PLLON 0x01000000u
#define RCC_CR_PLLRDY 0x02000000u
#define RCC_CFGR 0x40021004u
#define RCC_CFGR_SW_PLL 0x00000002u
#define RCC_CFGR_SWS 0x0000000Cu
#define RCC_CFGR_SWS_PLL 0x00000008u
#define RCC_CFGR_PPRE1_HALF 0x00000400u
#define FLASH_ACR 0x40022000u
#define FLASH_ACR_PREFETCH 0x10u

#define HSI_HALF_HZ 4000000u
#define MULTIPLIER (TSNN_BOARD_CLOCK_HZ / HSI_HALF_HZ)
#if MULTIPLIER * HSI_HALF_HZ != TSNN_BOARD_CLOCK_HZ || MULTIPLIER < 2u || MULTIPLIER > 16u
#error "clock_hz of an STM32F1 must be a multiple of 4 MHz from 8 to 64 MHz"
#endif

#define PLL_BITS ((MULTIPLIER - 2u) << 18)
#define APB1_BITS (TSNN_BOARD_CLOCK_HZ > 36000000u ? RCC_CFGR_PPRE1_HALF : 0u)
/* One wait state above 24 MHz, two above 48 MHz. */
#define LATENCY (TSNN_BOARD_CLOCK_HZ > 48000000u ? 2u : TSNN_BOARD_CLOCK_HZ > 24000000u ? 1u : 0u)

void tsnn_clock_init(void)
{
    TSNN_REGISTER(RCC_CR) |= RCC_CR_HSION;
    if (!tsnn_wait_for(RCC_CR, RCC_CR_HSIRDY, RCC_CR_HSIRDY)) {
        return;
    }
    TSNN_REGISTER(FLASH_ACR) = FLASH_ACR_PREFETCH | LATENCY;
    TSNN_REGISTER(RCC_CFGR) = PLL_BITS | APB1_BITS; /* PLL from HSI / 2 */
    TSNN_REGISTER(RCC_CR) |= RCC_CR_PLLON;
    if (tsnn_wait_for(RCC_CR, RCC_CR_PLLRDY, RCC_CR_PLLRDY)) {
        TSNN_REGISTER(RCC_CFGR) |= RCC_CFGR_SW_PLL;
        (void)tsnn_wait_for(RCC_CFGR, RCC_CFGR_SWS, RCC_CFGR_SWS_PLL);
    }
}
