/* SPDX-License-Identifier: Apache-2.0 */
/* STM32L0: the internal 16 MHz oscillator times 4, divided by 2: 32 MHz, the most there is; both
 * APBs at the same clock. RM0367 sections 7.3 (RCC), 6.4.1 (voltage range 1) and 3.7.1 (wait
 * states). The clock of PWR is switched on by the board's file. */
#include "tsnn_board_port.h"

#define RCC_CR 0x40021000u
#define RCC_CR_HSION 0x00000001u
#define RCC_CR_HSIRDY 0x00000004u
#define RCC_CR_PLLON 0x01000000u
#define RCC_CR_PLLRDY 0x02000000u
#define RCC_CFGR 0x4002100Cu
#define RCC_CFGR_SW_PLL 0x00000003u
#define RCC_CFGR_SWS 0x0000000Cu
#define RCC_CFGR_SWS_PLL 0x0000000Cu
#define RCC_CFGR_HSI_TIMES_4_HALF 0x00440000u
#define PWR_CR 0x40007000u
#define PWR_CR_VOS 0x1800u
#define PWR_CR_VOS_RANGE_1 0x0800u
#define PWR_CSR 0x40007004u
#define PWR_CSR_VOS_CHANGING 0x10u
#define FLASH_ACR 0x40022000u
#define FLASH_ACR_PREFETCH_1_WAIT_STATE 0x3u

#if TSNN_BOARD_CLOCK_HZ != 32000000u
#error "clock_hz of an STM32L0 must be 32 MHz"
#endif

void tsnn_clock_init(void)
{
    TSNN_REGISTER(PWR_CR) = (TSNN_REGISTER(PWR_CR) & ~PWR_CR_VOS) | PWR_CR_VOS_RANGE_1;
    TSNN_REGISTER(RCC_CR) |= RCC_CR_HSION;
    if (!tsnn_wait_for(PWR_CSR, PWR_CSR_VOS_CHANGING, 0) ||
        !tsnn_wait_for(RCC_CR, RCC_CR_HSIRDY, RCC_CR_HSIRDY)) {
        return;
    }
    TSNN_REGISTER(FLASH_ACR) |= FLASH_ACR_PREFETCH_1_WAIT_STATE;
    TSNN_REGISTER(RCC_CFGR) = RCC_CFGR_HSI_TIMES_4_HALF;
    TSNN_REGISTER(RCC_CR) |= RCC_CR_PLLON;
    if (tsnn_wait_for(RCC_CR, RCC_CR_PLLRDY, RCC_CR_PLLRDY)) {
        TSNN_REGISTER(RCC_CFGR) |= RCC_CFGR_SW_PLL;
        (void)tsnn_wait_for(RCC_CFGR, RCC_CFGR_SWS, RCC_CFGR_SWS_PLL);
    }
}
