/* SPDX-License-Identifier: Apache-2.0 */
/* STM32F4: the internal 16 MHz oscillator through the PLL; APB1 at a quarter, APB2 at half of the
 * core's clock. RM0090 (STM32F405/407) and RM0390 (STM32F446), sections 6.3 (RCC), 3.5.1 (wait
 * states for 2.7 to 3.6 V), 5.4.1 (voltage scale 1, in force after reset). */
#include "tsnn_board_port.h"

#define RCC_CR 0x40023800u
#define RCC_CR_HSION 0x00000001u
#define RCC_CR_HSIRDY 0x00000002u
#define RCC_CR_PLLON 0x01000000u
#define RCC_CR_PLLRDY 0x02000000u
#define RCC_PLLCFGR 0x40023804u
#define RCC_CFGR 0x40023808u
#define RCC_CFGR_SW_PLL 0x00000002u
#define RCC_CFGR_SWS 0x0000000Cu
#define RCC_CFGR_SWS_PLL 0x00000008u
#define RCC_CFGR_APB1_QUARTER_APB2_HALF 0x00009400u
#define FLASH_ACR 0x40023C00u
#define FLASH_ACR_CACHES_PREFETCH 0x700u

/* 16 MHz / 8 = 2 MHz into the PLL, times N, divided by P = 2: N MHz. Q and R serve nobody here;
 * Q = 7 keeps the USB clock below its limit. */
#define N (TSNN_BOARD_CLOCK_HZ / 1000000u)
#if N * 1000000u != TSNN_BOARD_CLOCK_HZ || N < 96u || N > 168u
#error "clock_hz of an STM32F4 must be whole MHz from 96 to 168"
#endif
#define PLL_BITS (8u | (N << 6) | (7u << 24) | (2u << 28))
#define LATENCY ((TSNN_BOARD_CLOCK_HZ - 1u) / 30000000u)

void tsnn_clock_init(void)
{
    TSNN_REGISTER(RCC_CR) |= RCC_CR_HSION;
    if (!tsnn_wait_for(RCC_CR, RCC_CR_HSIRDY, RCC_CR_HSIRDY)) {
        return;
    }
    TSNN_REGISTER(FLASH_ACR) = FLASH_ACR_CACHES_PREFETCH | LATENCY;
    TSNN_REGISTER(RCC_PLLCFGR) = PLL_BITS;
    TSNN_REGISTER(RCC_CFGR) = RCC_CFGR_APB1_QUARTER_APB2_HALF;
    TSNN_REGISTER(RCC_CR) |= RCC_CR_PLLON;
    if (tsnn_wait_for(RCC_CR, RCC_CR_PLLRDY, RCC_CR_PLLRDY)) {
        TSNN_REGISTER(RCC_CFGR) |= RCC_CFGR_SW_PLL;
        (void)tsnn_wait_for(RCC_CFGR, RCC_CFGR_SWS, RCC_CFGR_SWS_PLL);
    }
}
