/* SPDX-License-Identifier: Apache-2.0 */
/* STM32U5: the internal 16 MHz oscillator through PLL1 with the power booster, all buses at the
 * core's clock. RM0456 sections 10.10 (PWR), 11.8 (RCC), 7.3.3 (wait states in range 1) and 9.4
 * (instruction cache). The clock of PWR is switched on by the board's file. */
#include "tsnn_board_port.h"

#define PWR_VOSR 0x4602080Cu
#define PWR_VOSR_BOOSTRDY 0x00004000u
#define PWR_VOSR_VOSRDY 0x00008000u
#define PWR_VOSR_RANGE_1 0x00030000u
#define PWR_VOSR_BOOSTEN 0x00040000u
#define RCC_CR 0x46020C00u
#define RCC_CR_HSION 0x00000100u
#define RCC_CR_HSIRDY 0x00000400u
#define RCC_CR_PLL1ON 0x01000000u
#define RCC_CR_PLL1RDY 0x02000000u
#define RCC_CFGR1 0x46020C1Cu
#define RCC_CFGR1_SW_PLL1 0x00000003u
#define RCC_CFGR1_SWS 0x0000000Cu
#define RCC_CFGR1_SWS_PLL1 0x0000000Cu
#define RCC_PLL1CFGR 0x46020C28u
#define RCC_PLL1CFGR_HSI_8_TO_16 0x0000000Eu
#define RCC_PLL1CFGR_R_ENABLE 0x00040000u
#define RCC_PLL1DIVR 0x46020C34u
#define FLASH_ACR 0x40022000u
#define FLASH_ACR_PREFETCH_4_WAIT_STATES 0x104u
#define ICACHE_CR 0x40030400u
#define ICACHE_CR_ENABLE 0x1u

/* 16 MHz into the PLL, times N, divided by R = 1: 16 N MHz. The fields hold N - 1 and R - 1. */
#define N (TSNN_BOARD_CLOCK_HZ / 16000000u)
#if N * 16000000u != TSNN_BOARD_CLOCK_HZ || N < 8u || N > 10u
#error "clock_hz of an STM32U5 must be 128, 144 or 160 MHz"
#endif
#define PLL_BITS ((N - 1u) | (1u << 9) | (1u << 16))

/** Voltage range 1; the booster, which runs from the PLL's input, comes after it. */
static bool tsnn_supply(void)
{
    TSNN_REGISTER(PWR_VOSR) |= PWR_VOSR_RANGE_1;
    if (!tsnn_wait_for(PWR_VOSR, PWR_VOSR_VOSRDY, PWR_VOSR_VOSRDY)) {
        return false;
    }
    TSNN_REGISTER(PWR_VOSR) |= PWR_VOSR_BOOSTEN;
    return tsnn_wait_for(PWR_VOSR, PWR_VOSR_BOOSTRDY, PWR_VOSR_BOOSTRDY);
}

void tsnn_clock_init(void)
{
    TSNN_REGISTER(RCC_CR) |= RCC_CR_HSION;
    if (!tsnn_wait_for(RCC_CR, RCC_CR_HSIRDY, RCC_CR_HSIRDY)) {
        return;
    }
    TSNN_REGISTER(RCC_PLL1CFGR) = RCC_PLL1CFGR_HSI_8_TO_16;
    TSNN_REGISTER(RCC_PLL1DIVR) = PLL_BITS;
    if (!tsnn_supply()) {
        return;
    }
    TSNN_REGISTER(RCC_PLL1CFGR) |= RCC_PLL1CFGR_R_ENABLE;
    TSNN_REGISTER(RCC_CR) |= RCC_CR_PLL1ON;
    if (tsnn_wait_for(RCC_CR, RCC_CR_PLL1RDY, RCC_CR_PLL1RDY)) {
        TSNN_REGISTER(FLASH_ACR) = FLASH_ACR_PREFETCH_4_WAIT_STATES;
        (void)tsnn_wait_for(FLASH_ACR, 0xFu, FLASH_ACR_PREFETCH_4_WAIT_STATES & 0xFu);
        TSNN_REGISTER(RCC_CFGR1) |= RCC_CFGR1_SW_PLL1;
        (void)tsnn_wait_for(RCC_CFGR1, RCC_CFGR1_SWS, RCC_CFGR1_SWS_PLL1);
    }
    TSNN_REGISTER(ICACHE_CR) |= ICACHE_CR_ENABLE;
}
