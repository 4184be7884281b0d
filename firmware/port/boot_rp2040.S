/* SPDX-License-Identifier: Apache-2.0 */
/* The second stage of the RP2040's boot: 252 bytes and their CRC, which the boot ROM copies into
 * RAM and runs. It lets the flash be read as memory by the plainest command (03h, 24 bits of
 * address, one line), which every flash chip knows, and goes on to the vectors behind it. RP2040
 * Datasheet, sections 2.8.1.3 (second stage) and 4.10 (SSI).
 *
 * The CRC-32 (polynomial 0x04C11DB7, begun with all ones, not reflected, not inverted) is checked
 * by tests/test_boot_blocks.py, which also says what it must be if this code is changed. */
    .syntax unified
    .cpu cortex-m0plus
    .thumb

    .section .boot_head, "ax"
    .global tsnn_boot_head
    .type tsnn_boot_head, %function
    .thumb_func
    .align 2
tsnn_boot_head:
    ldr r3, =0x18000000         /* SSI */
    movs r0, #0
    str r0, [r3, #0x08]         /* SSIENR: off while it is set up */
    movs r0, #4
    str r0, [r3, #0x14]         /* BAUDR: clk_sys / 4, at most 33 MHz */
    ldr r0, =0x001F0300         /* CTRLR0: 32 bits a frame, one line, EEPROM read */
    str r0, [r3, #0x00]
    movs r0, #0
    str r0, [r3, #0x04]         /* CTRLR1: one frame at a time */
    ldr r0, =0x03000218         /* SPI_CTRLR0: command 03h of 8 bits, 24 bits of address */
    movs r1, #0xF4
    str r0, [r3, r1]
    movs r0, #1
    str r0, [r3, #0x08]         /* SSIENR: on */
    ldr r0, =0x10000100         /* the vectors: for the core, */
    ldr r1, =0xE000ED08         /* VTOR */
    str r0, [r1]
    ldmia r0!, {r1, r2}         /* its stack and its first instruction */
    msr msp, r1
    bx r2
    .pool
    .size tsnn_boot_head, . - tsnn_boot_head

    .org 252
    .word 0xD52C9ADB            /* CRC-32 of the 252 bytes above */
