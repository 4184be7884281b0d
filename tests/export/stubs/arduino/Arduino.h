/* SPDX-License-Identifier: Apache-2.0 */
/* As much of an Arduino core as the library needs, with Serial on standard input and output. */
#ifndef STUB_ARDUINO_H_INCLUDED
#define STUB_ARDUINO_H_INCLUDED

#include <stddef.h>
#include <stdint.h>

class Stream
{
  public:
    virtual ~Stream()
    {
    }
    virtual int available() = 0;
    virtual int read() = 0;
    virtual size_t write(const uint8_t *data, size_t count) = 0;
    size_t print(uint32_t value);
    size_t print(int32_t value);
    size_t print(char value);
    size_t println(const char *text = "");
};

class SerialStub : public Stream
{
  public:
    void begin(unsigned long baud);
    operator bool() const;
    int available() override;
    int read() override;
    size_t write(const uint8_t *data, size_t count) override;

  private:
    bool begun = false;
    int waiting = -1;
};

extern SerialStub Serial;

unsigned long micros();
unsigned long millis();
void delay(unsigned long ms);
void yield();

#endif /* STUB_ARDUINO_H_INCLUDED */
