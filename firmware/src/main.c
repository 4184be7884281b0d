/* SPDX-License-Identifier: Apache-2.0 */
/* Serves the models of this image over the board's UART, for ever. */
#include "tsnn_port.h"
#include "tsnn_wire.h"

int main(void)
{
    static tsnn_wire_t wire;
    tsnn_port_init();
    tsnn_wire_init(&wire);
    for (;;) {
        tsnn_wire_receive(&wire, tsnn_port_uart_read());
    }
}
