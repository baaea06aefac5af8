/* In front of the kernel: one that has a link fake0, with index 77, of whatever kind.
 *
 * Loaded into a program by LD_PRELOAD. What it asks about that link is answered with the message in the file $FAKE_LINK,
 * ifinfomsg and attributes; what it changes is written to the file $FAKE_LOG, and acknowledged. So that strace sees it, it
 * is sent for real too: to the socket it comes from.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define INDEX 77

static char queue[65536];
static size_t queued;
static int queue_of = -1;

static ssize_t (*real_sendmsg)(int, const struct msghdr *, int);
static ssize_t (*real_recvmsg)(int, struct msghdr *, int);

__attribute__((constructor)) static void start(void)
{
	*(void **)&real_sendmsg = dlsym(RTLD_NEXT, "sendmsg");
	*(void **)&real_recvmsg = dlsym(RTLD_NEXT, "recvmsg");
}

static void answer(int fd, const struct nlmsghdr *request, int type, const void *body, size_t len)
{
	struct nlmsghdr header = { NLMSG_LENGTH(len), type, 0, request->nlmsg_seq, 0 };
	struct sockaddr_nl own;
	socklen_t size = sizeof own;

	getsockname(fd, (struct sockaddr *)&own, &size);
	header.nlmsg_pid = own.nl_pid;
	if (queued + NLMSG_SPACE(len) > sizeof queue)
		abort();
	memcpy(queue + queued, &header, sizeof header);
	memcpy(queue + queued + NLMSG_HDRLEN, body, len);
	queued += NLMSG_SPACE(len);
	queue_of = fd;
}

static int is_about_it(struct nlmsghdr *request)
{
	struct ifinfomsg *link = NLMSG_DATA(request);
	int len = request->nlmsg_len - NLMSG_LENGTH(sizeof *link);

	if (request->nlmsg_type != RTM_NEWLINK && request->nlmsg_type != RTM_GETLINK)
		return 0;
	if (request->nlmsg_type == RTM_GETLINK && (request->nlmsg_flags & NLM_F_DUMP) == NLM_F_DUMP)
		return 0;
	if (link->ifi_index == INDEX)
		return 1;
	for (struct rtattr *attr = IFLA_RTA(link); RTA_OK(attr, len); attr = RTA_NEXT(attr, len))
		if (attr->rta_type == IFLA_IFNAME && !strcmp(RTA_DATA(attr), "fake0"))
			return 1;
	return 0;
}

/* To the socket itself, and out of it again. */
static void for_strace(int fd, struct msghdr message, int flags)
{
	struct sockaddr_nl own;
	socklen_t size = sizeof own;
	char buffer[1];

	getsockname(fd, (struct sockaddr *)&own, &size);
	message.msg_name = &own;
	message.msg_namelen = size;
	if (real_sendmsg(fd, &message, flags) > 0)
		recv(fd, buffer, sizeof buffer, 0);
}

ssize_t sendmsg(int fd, const struct msghdr *message, int flags)
{
	static char bytes[65536];
	static char link[65536];
	struct nlmsghdr *request = (void *)bytes;
	struct nlmsgerr ack = { 0 };
	size_t len = 0;
	int domain = 0;
	socklen_t size = sizeof domain;
	FILE *file;

	getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &size);
	for (size_t i = 0; i < message->msg_iovlen && len + message->msg_iov[i].iov_len <= sizeof bytes; i++) {
		memcpy(bytes + len, message->msg_iov[i].iov_base, message->msg_iov[i].iov_len);
		len += message->msg_iov[i].iov_len;
	}
	if (domain != AF_NETLINK || len < NLMSG_LENGTH(sizeof(struct ifinfomsg)) || !is_about_it(request))
		return real_sendmsg(fd, message, flags);
	ack.msg = *request;
	if (request->nlmsg_type == RTM_NEWLINK) {
		file = fopen(getenv("FAKE_LOG"), "w");
		fwrite(bytes, 1, len, file);
		fclose(file);
		for_strace(fd, *message, flags);
		answer(fd, request, NLMSG_ERROR, &ack, sizeof ack);
		return len;
	}
	file = fopen(getenv("FAKE_LINK"), "r");
	if (!file)
		return real_sendmsg(fd, message, flags);
	answer(fd, request, RTM_NEWLINK, link, fread(link, 1, sizeof link, file));
	fclose(file);
	if (request->nlmsg_flags & NLM_F_ACK)
		answer(fd, request, NLMSG_ERROR, &ack, sizeof ack);
	return len;
}

ssize_t recvmsg(int fd, struct msghdr *message, int flags)
{
	struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	struct nlmsghdr *next = (void *)queue;
	size_t len, room;

	if (fd != queue_of || !queued)
		return real_recvmsg(fd, message, flags);
	len = NLMSG_ALIGN(next->nlmsg_len);
	room = message->msg_iovlen ? message->msg_iov[0].iov_len : 0;
	if (message->msg_name)
		memcpy(message->msg_name, &kernel, sizeof kernel);
	if (room)
		memcpy(message->msg_iov[0].iov_base, queue, len < room ? len : room);
	message->msg_namelen = message->msg_name ? sizeof kernel : 0;
	message->msg_flags = len > room ? MSG_TRUNC : 0;
	message->msg_controllen = 0;
	if (!(flags & MSG_PEEK)) {
		memmove(queue, queue + len, queued - len);
		queued -= len;
	}
	return len > room && !(flags & MSG_TRUNC) ? room : len;
}
