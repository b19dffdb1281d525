// SPDX-License-Identifier: LGPL-2.1-or-later

import com.sun.jna.Library;
import com.sun.jna.Native;
import com.sun.jna.Pointer;
import java.io.BufferedReader;
import java.io.FileInputStream;
import java.io.InputStreamReader;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * A session number that no clone has: see ../bindings.md. The JDK alone cannot map a device, so
 * this uses JNA (Debian: libjna-java). Run: java -cp /usr/share/java/jna.jar Session.java
 */
public class Session {
    public interface LibC extends Library {
        int open(String path, int flags);

        int close(int fd);

        Pointer mmap(Pointer at, long size, int access, int flags, int fd, long offset);

        int madvise(Pointer at, long size, int advice);

        int getpagesize();
    }

    private static final int O_RDONLY = 0, O_CLOEXEC = 02000000, PROT_READ = 1, MAP_SHARED = 1;
    private static final int MADV_DONTNEED = 4;
    private static final VarHandle INT =
        MethodHandles.byteBufferViewVarHandle(int[].class, ByteOrder.nativeOrder());
    private static final VarHandle LONG =
        MethodHandles.byteBufferViewVarHandle(long[].class, ByteOrder.nativeOrder());
    private static final LibC libc = Native.load("c", LibC.class);

    private static ByteBuffer page; // null: there is no counter, and nothing can be noticed
    private static Pointer vmclockAt;
    private static ByteBuffer vmclock; // the hypervisor's page; null: there is none
    private static int seen;
    private static byte[] session; // what must not exist twice

    private static Pointer map(int fd, long offset) {
        Pointer mapped =
            libc.mmap(Pointer.NULL, libc.getpagesize(), PROT_READ, MAP_SHARED, fd, offset);
        return Pointer.nativeValue(mapped) == -1 ? null : mapped;
    }

    private static void openCounter() throws Exception {
        String path = System.getenv().getOrDefault("SYSGENID_PATH", "/dev/sysgenid");
        int size = libc.getpagesize(), fd = libc.open(path, O_RDONLY | O_CLOEXEC);
        if (fd < 0)
            return;
        Pointer first = map(fd, 0);
        // A file in the counter's place has one page, and an older module as well.
        vmclockAt = Files.size(Path.of(path)) == size ? null : map(fd, size);
        libc.close(fd);
        if (first == null)
            return;
        page = first.getByteBuffer(0, size);
        if (vmclockAt != null)
            vmclock = vmclockAt.getByteBuffer(0, size);
        seen = (int) INT.getVolatile(page, 0);
    }

    /** Has the hypervisor restored this machine, and the kernel not moved the generation yet? */
    private static boolean isBehind() {
        return vmclock != null
            && (long) LONG.getVolatile(vmclock, 0x68) != (long) LONG.getVolatile(page, 80);
    }

    /** Has the kernel move it. Returns false if it does not do so within a second. */
    private static boolean catchUp() throws InterruptedException {
        for (int tries = 0; isBehind(); tries++) {
            if (tries == 1000)
                return false;
            if (tries > 0)
                Thread.sleep(1);
            // With the next load of that page the kernel looks.
            libc.madvise(vmclockAt, libc.getpagesize(), MADV_DONTNEED);
        }
        return true;
    }

    private static byte[] sessionNumber() throws Exception {
        boolean sure = page == null || catchUp();
        int now = page == null ? seen : (int) INT.getVolatile(page, 0);
        if (!sure || now != seen)
            session = null; // made by somebody we were once
        seen = now;
        if (session == null) {
            // Not SecureRandom: each kind of it keeps a state, or bytes of the kernel's, that a
            // clone has as well.
            try (FileInputStream kernel = new FileInputStream("/dev/urandom")) {
                session = kernel.readNBytes(8);
            }
        }
        return session;
    }

    public static void main(String[] args) throws Exception {
        openCounter();
        BufferedReader lines = new BufferedReader(new InputStreamReader(System.in));
        while (lines.readLine() != null) {
            StringBuilder hex = new StringBuilder();
            for (byte b : sessionNumber())
                hex.append(String.format("%02x", b));
            System.out.println(hex);
        }
    }
}
