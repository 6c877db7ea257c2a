/* A web server to begin with: it answers GET / and closes the connection. The rest is yours.
 *
 * ./server PORT
 */

#define _GNU_SOURCE /* for memmem */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

static const char PAGE[] = "<!DOCTYPE html>\n<title>It works</title>\n<h1>It works</h1>\n";

/* The request line and the fields: everything up to the empty line. */
static void read_head(int connection, char *head, size_t size)
{
    size_t length = 0;
    head[0] = '\0';
    while (memmem(head, length, "\r\n\r\n", 4) == NULL && length + 1 < size) {
        ssize_t received = recv(connection, head + length, size - 1 - length, 0);
        if (received <= 0)
            return;
        length += received;
        head[length] = '\0';
    }
}

static void respond(int connection, const char *status, const char *content)
{
    char head[256];
    int length = snprintf(head, sizeof head,
                          "HTTP/1.1 %s\r\nContent-Type: text/html\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n",
                          status, strlen(content));
    if (write(connection, head, length) != length || write(connection, content, strlen(content)) < 0)
        perror("write");
}

static void answer(int connection, char *head)
{
    char method[32], target[4096], version[32], more[2];
    head[strcspn(head, "\r")] = '\0';
    /* One more word than there may be. */
    int words = sscanf(head, "%31s %4095s %31s %1s", method, target, version, more);
    if (words != 3)
        respond(connection, "400 Bad Request", "");
    else if (strcmp(method, "GET") == 0 && strcmp(target, "/") == 0)
        respond(connection, "200 OK", PAGE);
    else
        respond(connection, "404 Not Found", "");
}

int main(int argc, char **argv)
{
    static char head[16384];
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct timeval patience = {.tv_sec = 5};
    int listener = socket(AF_INET, SOCK_STREAM, 0), yes = 1;

    if (argc < 2)
        return 2;
    address.sin_port = htons(atoi(argv[1]));
    /* A client that goes away must not end the server. */
    signal(SIGPIPE, SIG_IGN);
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (bind(listener, (struct sockaddr *)&address, sizeof address) < 0 || listen(listener, 64) < 0) {
        perror("listen");
        return 1;
    }
    for (;;) {
        int connection = accept(listener, NULL, NULL);
        if (connection < 0)
            continue;
        /* Nor must one that says nothing stop it. */
        setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
        read_head(connection, head, sizeof head);
        answer(connection, head);
        close(connection);
    }
}
