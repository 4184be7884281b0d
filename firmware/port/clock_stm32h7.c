/* SPDX-License-Identifier: Apache-2.0 */
/* STM32H743: the internal 64 MHz oscillator, which runs after reset, through PLL1; AXI and AHB at
 * half, all APBs at a quarter of the core's clock. RM0433 sections 6.8 (PWR), 8.7 (RCC) and 4.3.8
 * (wait states). Also switches on the instruction cache (PM0253 section 4.8). */
#include "tsnn_board_port.h"

#define PWR_CSR1 0x58024804u
#define PWR_CSR1_ACTVOSRDY 0x2000u
#define PWR_CR3 0x5802480Cu
#define PWR_CR3_SUPPLY 0x7u
#define PWR_CR3_LDO 0x2u
#define PWR_D3CR 0x58024818u
#define PWR_D3CR_VOSRDY 0x2000u
#define PWR_D3CR_VOS_SCALE_1 0xC000u
#define RCC_CR 0x58024400u
#define RCC_CR_HSION 0x00000001u
#define RCC_CR_HSIRDY 0x00000004u
#define RCC_CR_PLL1ON 0x01000000u
#define RCC_CR_PLL1RDY 0x02000000u
#define RCC_CFGR 0x58024410u
#define RCC_CFGR_SW_PLL1 0x00000003u
#define RCC_CFGR_SWS 0x00000038u
#define RCC_CFGR_SWS_PLL1 0x00000018u
#define RCC_D1CFGR 0x58024418u
#define RCC_D1CFGR_AHB_HALF_APB3_HALF 0x00000048u
#define RCC_D2CFGR 0x5802441Cu
#define RCC_D2CFGR_APB1_HALF_APB2_HALF 0x00000440u
#define RCC_D3CFGR 0x58024420u
#define RCC_D3CFGR_APB4_HALF 0x00000040u
#define RCC_PLLCKSELR 0x58024428u
#define RCC_PLLCKSELR_HSI_BY_4 0x00000040u
#define RCC_PLLCFGR 0x5802442Cu
#define RCC_PLLCFGR_INPUT_8_TO_16_P_ENABLE 0x0001000Cu
#define RCC_PLL1DIVR 0x58024430u
#define FLASH_ACR 0x52002000u
#define FLASH_ACR_4_WAIT_STATES 0x24u
#define SCB_ICIALLU 0xE000EF50u
#define SCB_CCR 0xE000ED14u
#define SCB_CCR_INSTRUCTION_CACHE 0x00020000u

/* 64 MHz / 4 = 16 MHz into the PLL, times N, divided by P = 2: 8 N MHz. The fields hold N - 1 and
 * P - 1. */
#define N (TSNN_BOARD_CLOCK_HZ / 8000000u)
#if N * 8000000u != TSNN_BOARD_CLOCK_HZ || N < 24u || N > 50u
#error "clock_hz of an STM32H7 must be a multiple of 8 MHz from 192 to 400 MHz"
#endif
#define PLL_BITS ((N - 1u) | (1u << 9) | (1u << 16) | (1u << 24))

/** Supply by the LDO, at the voltage for full speed. */
static bool tsnn_supply(void)
{
    TSNN_REGISTER(PWR_CR3) = (TSNN_REGISTER(PWR_CR3) & ~PWR_CR3_SUPPLY) | PWR_CR3_LDO;
    if (!tsnn_wait_for(PWR_CSR1, PWR_CSR1_ACTVOSRDY, PWR_CSR1_ACTVOSRDY)) {
        return false;
    }
    TSNN_REGISTER(PWR_D3CR) |= PWR_D3CR_VOS_SCALE_1;
    return tsnn_wait_for(PWR_D3CR, PWR_D3CR_VOSRDY, PWR_D3CR_VOSRDY);
}

/** The PLL at the core's clock, and dividers that suit it. */
static bool tsnn_pll(void)
{
    TSNN_REGISTER(RCC_CR) |= RCC_CR_HSION;
    if (!tsnn_wait_for(RCC_CR, RCC_CR_HSIRDY, RCC_CR_HSIRDY)) {
        return false;
    }
    TSNN_REGISTER(RCC_PLLCKSELR) = RCC_PLLCKSELR_HSI_BY_4;
    TSNN_REGISTER(RCC_PLLCFGR) = RCC_PLLCFGR_INPUT_8_TO_16_P_ENABLE;
    TSNN_REGISTER(RCC_PLL1DIVR) = PLL_BITS;
    TSNN_REGISTER(RCC_CR) |= RCC_CR_PLL1ON;
    return tsnn_wait_for(RCC_CR, RCC_CR_PLL1RDY, RCC_CR_PLL1RDY);
}

void tsnn_clock_init(void)
{
    TSNN_REGISTER(SCB_ICIALLU) = 0;
    __asm__ volatile("dsb\n\tisb" : : : "memory");
    TSNN_REGISTER(SCB_CCR) |= SCB_CCR_INSTRUCTION_CACHE;
    __asm__ volatile("dsb\n\tisb" : : : "memory");
    if (tsnn_supply() && tsnn_pll()) {
        TSNN_REGISTER(RCC_D1CFGR) = RCC_D1CFGR_AHB_HALF_APB3_HALF;
        TSNN_REGISTER(RCC_D2CFGR) = RCC_D2CFGR_APB1_HALF_APB2_HALF;
        TSNN_REGISTER(RCC_D3CFGR) = RCC_D3CFGR_APB4_HALF;
        TSNN_REGISTER(FLASH_ACR) = FLASH_ACR_4_WAIT_STATES;
        (void)tsnn_wait_for(FLASH_ACR, 0xFFu, FLASH_ACR_4_WAIT_STATES);
        TSNN_REGISTER(RCC_CFGR) |= RCC_CFGR_SW_PLL1;
        (void)tsnn_wait_for(RCC_CFGR, RCC_CFGR_SWS, RCC_CFGR_SWS_PLL1);
    }
}
