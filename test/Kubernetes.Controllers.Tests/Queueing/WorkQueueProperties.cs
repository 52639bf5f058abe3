// SPDX-License-Identifier: Apache-2.0

using System.Collections.Concurrent;
using CsCheck;
using Kubernetes.Controllers.Queueing;
using Microsoft.Extensions.Time.Testing;

namespace Kubernetes.Controllers.Tests.Queueing;

/// <summary>The queue against a model that is too simple to be wrong, and under real concurrency.</summary>
public sealed class WorkQueueProperties
{
    private static readonly WorkQueueOptions<int> Options = new()
    {
        Group = GroupOf,
        InitialBackOff = TimeSpan.FromMilliseconds(5),
        MaxBackOff = TimeSpan.FromSeconds(1000),
    };

    private const int Keys = 6;

    /// <summary>Keys 0, 3 are a group, and so are 1, 4 and 2, 5.</summary>
    private static string GroupOf(int key) => $"group {key % 3}";

    [Fact]
    public void Any_sequence_of_operations_does_what_the_model_does() =>
        Gen.Select(Gen.Int[0, 4], Gen.Int[0, Keys - 1], Gen.Int[-2, 2], Gen.Int[0, 5]).List[0, 60].Sample(operations =>
        {
            var time = new FakeTimeProvider();
            using var queue = new WorkQueue<int>("test", Options, time);
            var model = new Model();
            foreach (var (operation, key, priority, seconds) in operations)
            {
                switch (operation)
                {
                    case 0:
                        queue.Add(key, priority);
                        model.Add(key, priority);
                        break;
                    case 1:
                        queue.AddAfter(key, TimeSpan.FromSeconds(seconds), priority);
                        model.AddAfter(key, seconds, priority);
                        break;
                    case 2:
                        time.Advance(TimeSpan.FromSeconds(seconds));
                        model.Advance(seconds);
                        break;
                    case 3:
                        if (TryTake(queue) != model.TryTake())
                        {
                            return false;
                        }

                        break;
                    default:
                        if (model.Processing.Remove(key))
                        {
                            queue.Done(key);
                        }

                        break;
                }

                if (queue.Count != model.Waiting.Count)
                {
                    return false;
                }
            }

            return true;
        }, iter: 2_000);

    [Fact]
    public Task Under_concurrency_no_wish_is_lost_and_no_key_or_group_runs_twice_at_once() =>
        Gen.Int[0, Keys - 1].List[1, 200].SampleAsync(
            async wishes =>
            {
                using var queue = new WorkQueue<int>("test", Options, TimeProvider.System);
                using var stop = new CancellationTokenSource();
                var wished = new int[Keys];
                var seen = new int[Keys];
                var running = new ConcurrentDictionary<string, int>();
                var collisions = 0;
                var workers = Enumerable.Range(0, 4).Select(_ => Task.Run(WorkAsync)).ToArray();

                Parallel.ForEach(wishes, key =>
                {
                    Interlocked.Increment(ref wished[key]);
                    if (key % 2 == 0)
                    {
                        queue.Add(key, key);
                    }
                    else
                    {
                        queue.AddAfter(key, TimeSpan.FromMilliseconds(1), key);
                    }
                });

                var isDone = SpinWait.SpinUntil(
                    () => Enumerable.Range(0, Keys).All(key => Volatile.Read(ref seen[key]) == Volatile.Read(ref wished[key])), TimeSpan.FromSeconds(10));
                await stop.CancelAsync();
                await Task.WhenAll(workers);
                return isDone && collisions == 0;

                async Task WorkAsync()
                {
                    try
                    {
                        while (true)
                        {
                            var (key, _) = await queue.TakeAsync(stop.Token);
                            if (!running.TryAdd(GroupOf(key), key))
                            {
                                Interlocked.Increment(ref collisions);
                            }

                            // What was wished before the key was handed out must be seen by this run or a later one.
                            Volatile.Write(ref seen[key], Volatile.Read(ref wished[key]));
                            await Task.Yield();
                            running.TryRemove(GroupOf(key), out _);
                            queue.Done(key);
                        }
                    }
                    catch (OperationCanceledException)
                    {
                    }
                }
            },
            iter: 200,
            threads: 1);

    private static (int Key, int Priority)? TryTake(WorkQueue<int> queue) => queue.TryTake(out var item) ? (item.Key, item.Priority) : null;

    /// <summary>What the queue should do, with lists and loops.</summary>
    private sealed class Model
    {
        private readonly Dictionary<int, (long Due, int Priority, long Arrival)> _delayed = [];
        private long _now;
        private long _arrivals;

        public Dictionary<int, (int Priority, long Arrival)> Waiting { get; } = [];

        public HashSet<int> Processing { get; } = [];

        public void Add(int key, int priority)
        {
            if (_delayed.Remove(key, out var delayed))
            {
                priority = Math.Max(priority, delayed.Priority);
            }

            Waiting[key] = Waiting.TryGetValue(key, out var waiting)
                ? waiting with { Priority = Math.Max(priority, waiting.Priority) }
                : (priority, ++_arrivals);
        }

        public void AddAfter(int key, int seconds, int priority)
        {
            if (seconds == 0 || Waiting.ContainsKey(key))
            {
                Add(key, priority);
            }
            else
            {
                var (due, highest, arrival) = _delayed.GetValueOrDefault(key, (long.MaxValue, int.MinValue, 0));
                _delayed[key] = _now + seconds < due
                    ? (_now + seconds, Math.Max(highest, priority), ++_arrivals)
                    : (due, Math.Max(highest, priority), arrival);
            }
        }

        public void Advance(int seconds)
        {
            _now += seconds;
            foreach (var (key, _) in _delayed.Where(delayed => delayed.Value.Due <= _now)
                .OrderBy(delayed => delayed.Value.Due).ThenBy(delayed => delayed.Value.Arrival).ToList())
            {
                Add(key, int.MinValue);
            }
        }

        public (int Key, int Priority)? TryTake()
        {
            var free = Waiting.Where(waiting => Processing.All(running => GroupOf(running) != GroupOf(waiting.Key)))
                .OrderByDescending(waiting => waiting.Value.Priority).ThenBy(waiting => waiting.Value.Arrival).ToList();
            if (free is [])
            {
                return null;
            }

            Waiting.Remove(free[0].Key);
            Processing.Add(free[0].Key);
            return (free[0].Key, free[0].Value.Priority);
        }
    }
}
