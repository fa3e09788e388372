/* The floor of the fan-out: accepts WebSockets, and five times a second sends one prebuilt frame to each, one send()
 * a socket, while it is told to (SIGUSR2 turns it on and off). It answers every handshake with the accept of the
 * generator's one key, and reads nothing after it: it does no more than the kernel makes it do.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

enum { SOCKETS_MAX = 65536, EVENTS_MAX = 256, BYTES_MAX = 65536 };

static const char ANSWER[] =
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";

static int sockets[SOCKETS_MAX];
static int number;
static volatile sig_atomic_t on;
static unsigned char frame[BYTES_MAX + 4];

static void turn(int signal_number) {
    (void)signal_number;
    on = !on;
}

static size_t prebuilt(const char *path) {
    FILE *file = fopen(path, "rb");
    if (!file) exit(1);
    size_t length = fread(frame + 4, 1, BYTES_MAX - 1, file);
    fclose(file);
    frame[0] = 0x81;
    frame[1] = 126;
    frame[2] = (unsigned char)(length >> 8);
    frame[3] = (unsigned char)length;
    return length + 4;
}

static void watch(int epoll, int fd) {
    struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
    epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
}

static void welcome(int epoll, int fd) {
    char head[4096];
    if (recv(fd, head, sizeof head, 0) > 0 && send(fd, ANSWER, sizeof ANSWER - 1, MSG_NOSIGNAL) > 0)
        sockets[number++] = fd;
    epoll_ctl(epoll, EPOLL_CTL_DEL, fd, NULL);
}

int main(int argc, char **argv) {
    if (argc != 3) return 2;
    size_t length = prebuilt(argv[2]);
    signal(SIGUSR2, turn);
    int one = 1, epoll = epoll_create1(0);
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    setsockopt(listener, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((unsigned short)atoi(argv[1]))};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (bind(listener, (struct sockaddr *)&address, sizeof address) || listen(listener, 2048)) return 1;
    int timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
    struct itimerspec every = {.it_interval.tv_nsec = 200000000, .it_value.tv_nsec = 200000000};
    timerfd_settime(timer, 0, &every, NULL);
    watch(epoll, listener);
    watch(epoll, timer);
    struct epoll_event events[EVENTS_MAX];
    for (;;) {
        int ready = epoll_wait(epoll, events, EVENTS_MAX, -1);
        for (int i = 0; i < ready; i++) {
            int fd = events[i].data.fd;
            if (fd == listener) {
                int client;
                while (number < SOCKETS_MAX && (client = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0)
                    watch(epoll, client);
            } else if (fd == timer) {
                unsigned long long rung;
                if (read(timer, &rung, sizeof rung) < 0 || !on) continue;
                for (int each = 0; each < number; each++)
                    send(sockets[each], frame, length, MSG_NOSIGNAL | MSG_DONTWAIT);
            } else {
                welcome(epoll, fd);
            }
        }
    }
}
