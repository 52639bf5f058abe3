// SPDX-License-Identifier: Apache-2.0

namespace Kubernetes.Controllers.Queueing;

/// <summary>
/// Keys that wait for a worker. However often a key is added, it waits once; while it is processed it is not handed out again but
/// remembered. Higher priorities come first, equal ones in the order of their arrival.
/// </summary>
/// <remarks>
/// A worker takes a key, processes it, and must call <see cref="Done"/>. With a group (<see cref="WorkQueueOptions{TKey}.Group"/>), a key
/// whose group is being processed is put aside until that is done, and the worker gets another key instead.
/// All members are safe for concurrent use and cost logarithmic time in the number of waiting keys.
/// </remarks>
/// <typeparam name="TKey">The type of the keys.</typeparam>
internal sealed class WorkQueue<TKey> : IDisposable
    where TKey : notnull
{
    private readonly WorkQueueOptions<TKey> _options;
    private readonly TimeProvider _time;
    private readonly WorkQueueMetrics? _metrics;
    private readonly Lock _lock = new();
    private readonly Dictionary<TKey, Entry> _entries = [];
    private readonly Dictionary<string, Group> _groups = new(StringComparer.Ordinal);
    private readonly Dictionary<TKey, int> _failures = [];
    private readonly SortedSet<Entry> _ready = new(Entry.ByUrgency);
    private readonly SortedSet<Entry> _delayed = new(Entry.ByDueTime);
    private readonly ITimer _timer;

    // As many permits as there are entries in _ready.
    private readonly SemaphoreSlim _permits = new(0);
    private long _sequence;
    private int _waiting;
    private bool _disposed;

    /// <summary>An empty queue.</summary>
    /// <param name="name">The queue's name in metrics; for a controller, the controller's.</param>
    /// <param name="options">Delays and groups.</param>
    /// <param name="time">Delays and durations.</param>
    public WorkQueue(string name, WorkQueueOptions<TKey> options, TimeProvider time)
    {
        _options = options;
        _time = time;
        _timer = time.CreateTimer(static queue => ((WorkQueue<TKey>)queue!).WakeDelayed(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        if (options.Metrics is { } registry)
        {
            _metrics = new WorkQueueMetrics(registry, name);
            _metrics.UnfinishedWork.Compute(() => RunningSeconds().Sum());
            _metrics.LongestRunning.Compute(() => RunningSeconds().DefaultIfEmpty().Max());
        }
    }

    /// <summary>How many keys wait to be processed, without those that are delayed.</summary>
    public int Count
    {
        get
        {
            lock (_lock)
            {
                return _waiting;
            }
        }
    }

    /// <summary>Wants a key to be processed as soon as possible, also if it was delayed.</summary>
    public void Add(TKey key, int priority = 0)
    {
        lock (_lock)
        {
            if (_disposed)
            {
                return;
            }

            var entry = FindOrCreate(key, priority);
            if (!entry.IsReady)
            {
                MakeReady(entry);
            }
        }
    }

    /// <summary>Wants a key to be processed after a time. If it already waits for an earlier one, that stays.</summary>
    public void AddAfter(TKey key, TimeSpan delay, int priority = 0)
    {
        if (delay <= TimeSpan.Zero)
        {
            Add(key, priority);
            return;
        }

        var due = _time.GetTimestamp() + (long)Math.Min(delay.TotalSeconds * _time.TimestampFrequency, long.MaxValue / 2);
        lock (_lock)
        {
            if (_disposed)
            {
                return;
            }

            _metrics?.Retries.Increment();
            var entry = FindOrCreate(key, priority);
            if (entry.IsReady || (entry.IsDelayed && entry.Due <= due))
            {
                return;
            }

            _delayed.Remove(entry);
            entry.State = entry.IsRunning ? State.RunningThenDelayed : State.Delayed;
            entry.Due = due;
            entry.Sequence = ++_sequence;
            _delayed.Add(entry);
            if (_delayed.Min == entry)
            {
                SetTimer();
            }
        }
    }

    /// <summary>Wants a key that failed to be processed again, after a delay that doubles with each failure in a row.</summary>
    /// <param name="key">The key.</param>
    /// <param name="priority">Its priority.</param>
    /// <param name="minDelay">The delay is no shorter than this.</param>
    public void AddRateLimited(TKey key, int priority = 0, TimeSpan minDelay = default)
    {
        TimeSpan delay;
        lock (_lock)
        {
            var failures = _failures.GetValueOrDefault(key);
            _failures[key] = failures + 1;
            delay = BackOff.Exponential(_options.InitialBackOff, _options.MaxBackOff, failures);
        }

        AddAfter(key, delay > minDelay ? delay : minDelay, priority);
    }

    /// <summary>A key succeeded: its next failure is a first one.</summary>
    public void Forget(TKey key)
    {
        lock (_lock)
        {
            _failures.Remove(key);
        }
    }

    /// <summary>How often a key has failed in a row.</summary>
    public int Failures(TKey key)
    {
        lock (_lock)
        {
            return _failures.GetValueOrDefault(key);
        }
    }

    /// <summary>Waits for a key and hands it out. The caller must call <see cref="Done"/> for it.</summary>
    public async ValueTask<WorkItem<TKey>> TakeAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            await _permits.WaitAsync(cancellationToken);
            if (TryStart(out var item))
            {
                return item;
            }
        }
    }

    /// <summary>Hands a key out if one can be processed now. The caller must call <see cref="Done"/> for it.</summary>
    public bool TryTake(out WorkItem<TKey> item)
    {
        while (_permits.Wait(TimeSpan.Zero))
        {
            if (TryStart(out item))
            {
                return true;
            }
        }

        item = default;
        return false;
    }

    /// <summary>A key has been processed. If it was added meanwhile, it waits again from now on.</summary>
    /// <exception cref="InvalidOperationException">The key was not handed out.</exception>
    public void Done(TKey key)
    {
        lock (_lock)
        {
            if (!_entries.TryGetValue(key, out var entry) || !entry.IsRunning)
            {
                throw new InvalidOperationException($"{key} is not being processed.");
            }

            _metrics?.WorkDuration.Observe(_time.GetElapsedTime(entry.StartedAt).TotalSeconds);
            switch (entry.State)
            {
                case State.RunningThenReady:
                    Offer(entry);
                    break;
                case State.RunningThenDelayed:
                    entry.State = State.Delayed;
                    break;
                default:
                    Remove(entry);
                    break;
            }

            if (entry.Group is { } group)
            {
                group.IsBusy = false;

                // One is enough: the others follow when that one is done.
                if (group.Parked.Min is { } next)
                {
                    group.Parked.Remove(next);
                    Offer(next);
                }
            }
        }
    }

    /// <summary>Nothing can be added or taken any more.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            _disposed = true;
        }

        _timer.Dispose();
        _permits.Dispose();
    }

    /// <summary>The key's entry, with at least this priority if the key waits.</summary>
    private Entry FindOrCreate(TKey key, int priority)
    {
        if (!_entries.TryGetValue(key, out var entry))
        {
            entry = new Entry(key, _options.Group is { } nameOf ? JoinGroup(nameOf(key)) : null);
            _entries.Add(key, entry);
        }

        if (!entry.IsReady && !entry.IsDelayed)
        {
            entry.Priority = priority;
        }
        else if (priority > entry.Priority)
        {
            Raise(entry, priority);
        }

        return entry;
    }

    private void Raise(Entry entry, int priority)
    {
        // The priority is part of the sort order, so the entry leaves its set while it changes.
        _ready.Remove(entry);
        entry.Group?.Parked.Remove(entry);
        if (entry.IsReady)
        {
            _metrics?.Depth(entry.Priority).Add(-1);
            _metrics?.Depth(priority).Add(1);
        }

        entry.Priority = priority;
        switch (entry.State)
        {
            case State.Offered:
                _ready.Add(entry);
                break;
            case State.Parked:
                Offer(entry);
                break;
        }
    }

    private void MakeReady(Entry entry)
    {
        _delayed.Remove(entry);
        entry.ReadyAt = _time.GetTimestamp();
        entry.Sequence = ++_sequence;
        _waiting++;
        _metrics?.Adds.Increment();
        _metrics?.Depth(entry.Priority).Add(1);
        if (entry.IsRunning)
        {
            entry.State = State.RunningThenReady;
        }
        else
        {
            Offer(entry);
        }
    }

    private void Offer(Entry entry)
    {
        entry.State = State.Offered;
        _ready.Add(entry);
        if (!_disposed)
        {
            _permits.Release();
        }
    }

    /// <summary>Uses a permit up: either the most urgent entry is handed out, or it is put aside because its group is busy.</summary>
    private bool TryStart(out WorkItem<TKey> item)
    {
        lock (_lock)
        {
            var entry = _ready.Min!;
            _ready.Remove(entry);
            if (entry.Group is { IsBusy: true } group)
            {
                entry.State = State.Parked;
                group.Parked.Add(entry);
                item = default;
                return false;
            }

            entry.State = State.Running;
            entry.StartedAt = _time.GetTimestamp();
            entry.Group?.IsBusy = true;
            _waiting--;
            _metrics?.Depth(entry.Priority).Add(-1);
            _metrics?.QueueDuration.Observe(_time.GetElapsedTime(entry.ReadyAt, entry.StartedAt).TotalSeconds);
            item = new WorkItem<TKey>(entry.Key, entry.Priority);
            return true;
        }
    }

    private void WakeDelayed()
    {
        lock (_lock)
        {
            var now = _time.GetTimestamp();
            while (_delayed.Min is { } entry && entry.Due <= now)
            {
                MakeReady(entry);
            }

            SetTimer();
        }
    }

    private void SetTimer()
    {
        if (_delayed.Min is { } next && !_disposed)
        {
            // Rounded up: timers have milliseconds and must not fire before the time has come.
            var milliseconds = Math.Ceiling(_time.GetElapsedTime(_time.GetTimestamp(), next.Due).TotalMilliseconds);
            _timer.Change(TimeSpan.FromMilliseconds(Math.Clamp(milliseconds, 1, int.MaxValue)), Timeout.InfiniteTimeSpan);
        }
    }

    private Group JoinGroup(string name)
    {
        if (!_groups.TryGetValue(name, out var group))
        {
            group = new Group(name);
            _groups.Add(name, group);
        }

        group.Members++;
        return group;
    }

    private void Remove(Entry entry)
    {
        _entries.Remove(entry.Key);
        if (entry.Group is { } group && --group.Members == 0)
        {
            _groups.Remove(group.Name);
        }
    }

    private List<double> RunningSeconds()
    {
        lock (_lock)
        {
            return [.. _entries.Values.Where(entry => entry.IsRunning).Select(entry => _time.GetElapsedTime(entry.StartedAt).TotalSeconds)];
        }
    }

    private enum State
    {
        /// <summary>Just created; the caller places it.</summary>
        New,

        /// <summary>Being processed; nobody wants it to be processed again.</summary>
        Running,

        /// <summary>Being processed, and wanted again when its time has come. The entry is in <see cref="_delayed"/>.</summary>
        RunningThenDelayed,

        /// <summary>Being processed, and wanted again at once.</summary>
        RunningThenReady,

        /// <summary>Wanted, but not before its time has come. The entry is in <see cref="_delayed"/>.</summary>
        Delayed,

        /// <summary>Wanted now. The entry is in <see cref="_ready"/>.</summary>
        Offered,

        /// <summary>Wanted now, but its group is busy. The entry is in <see cref="Group.Parked"/>.</summary>
        Parked,
    }

    /// <summary>A key that waits or is processed.</summary>
    private sealed class Entry(TKey key, Group? group)
    {
        public static readonly Comparer<Entry> ByUrgency = Comparer<Entry>.Create(static (left, right) =>
            left.Priority != right.Priority ? right.Priority.CompareTo(left.Priority) : left.Sequence.CompareTo(right.Sequence));

        public static readonly Comparer<Entry> ByDueTime = Comparer<Entry>.Create(static (left, right) =>
            left.Due != right.Due ? left.Due.CompareTo(right.Due) : left.Sequence.CompareTo(right.Sequence));

        public TKey Key { get; } = key;

        public Group? Group { get; } = group;

        public State State { get; set; }

        public bool IsRunning => State is State.Running or State.RunningThenDelayed or State.RunningThenReady;

        public bool IsDelayed => State is State.Delayed or State.RunningThenDelayed;

        public bool IsReady => State is State.RunningThenReady or State.Offered or State.Parked;

        public int Priority { get; set; }

        /// <summary>Order of arrival; unique, so that no two entries compare as equal.</summary>
        public long Sequence { get; set; }

        public long Due { get; set; }

        public long ReadyAt { get; set; }

        public long StartedAt { get; set; }
    }

    private sealed class Group(string name)
    {
        public string Name { get; } = name;

        public int Members { get; set; }

        public bool IsBusy { get; set; }

        /// <summary>Entries that were up but found the group busy.</summary>
        public SortedSet<Entry> Parked { get; } = new(Entry.ByUrgency);
    }
}
